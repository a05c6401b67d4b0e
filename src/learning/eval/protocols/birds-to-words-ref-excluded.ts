/** Birds-to-Words where a query cannot find its own reference. */
import { allImages, commonParts, defineProtocol } from './protocol.js';

export const birdsToWordsRefExcluded = defineProtocol({
  ...commonParts,
  id: 'birds-to-words-ref-excluded',
  description: 'gallery: all pictures of the split; the reference is removed',
  datasets: ['birds-to-words'],
  excludeReference: true,
  gallery: allImages,
});
