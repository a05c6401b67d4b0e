/**
 * Shoes: 1,761 queries over the 4,658 evaluation pictures. One published query has its own reference as target; it counts, as a
 * miss, because the reference is removed.
 */
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const shoes = defineProtocol({
  ...commonParts,
  id: 'shoes',
  description: 'gallery: all pictures of the split; the reference is removed',
  datasets: ['shoes'],
  excludeReference: true,
  gallery: allImages,
});
