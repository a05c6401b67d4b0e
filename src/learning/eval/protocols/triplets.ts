/** Triplets of your own: a query has found what it asked for when it has found any of its targets. */
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const triplets = defineProtocol({
  ...commonParts,
  id: 'triplets',
  description: 'gallery: all pictures of the split; the reference is removed',
  datasets: ['triplets'],
  excludeReference: true,
  gallery: allImages,
  ks: [1, 5, 10, 50],
});
