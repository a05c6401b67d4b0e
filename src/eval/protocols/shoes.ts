/** Shoes: 1,761 queries over the 4,658 evaluation pictures. */
import { allPictures, commonParts, type Protocol } from './protocol.js';

export const shoes: Protocol = {
  ...commonParts,
  id: 'shoes',
  description: 'gallery: all pictures of the split; the reference is removed',
  datasets: ['shoes'],
  excludeReference: true,
  gallery: allPictures,
};
