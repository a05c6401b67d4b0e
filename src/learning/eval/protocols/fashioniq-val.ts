/** FashionIQ as most papers since 2022 report it: the gallery has only the pictures that the queries of the category name. */
import { commonParts, defineProtocol, queriedImages } from './protocol.js';

export const fashioniqVal = defineProtocol({
  ...commonParts,
  id: 'fashioniq-val',
  description: 'gallery: the references and targets of the queries; the reference is removed',
  datasets: ['fashioniq', 'wardrobe'],
  excludeReference: true,
  gallery: queriedImages,
});
