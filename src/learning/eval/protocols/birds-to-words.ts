/** Birds-to-Words: one query a description, over the pictures of the split, the reference among them. */
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const birdsToWords = defineProtocol({
  ...commonParts,
  id: 'birds-to-words',
  description: 'gallery: all pictures of the split; the reference may be found',
  datasets: ['birds-to-words'],
  excludeReference: false,
  gallery: allImages,
});
