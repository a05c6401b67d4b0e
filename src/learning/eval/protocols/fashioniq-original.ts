/** FashionIQ as its authors published it: all pictures of the split, the reference among them. */
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const fashioniqOriginal = defineProtocol({
  ...commonParts,
  id: 'fashioniq-original',
  description: 'gallery: all pictures of the split; the reference may be found',
  datasets: ['fashioniq', 'wardrobe'],
  excludeReference: false,
  gallery: allImages,
});
