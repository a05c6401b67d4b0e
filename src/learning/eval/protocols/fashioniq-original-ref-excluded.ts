/** FashionIQ over all pictures of the split, where a query cannot find its own reference. */
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const fashioniqOriginalRefExcluded = defineProtocol({
  ...commonParts,
  id: 'fashioniq-original-ref-excluded',
  description: 'gallery: all pictures of the split; the reference is removed',
  datasets: ['fashioniq', 'wardrobe'],
  excludeReference: true,
  gallery: allImages,
});
