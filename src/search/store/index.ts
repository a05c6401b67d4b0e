/** limn/stores: where galleries are kept, without the models that make them; and stores of one's own. */
export { LimnError, type LimnErrorCode } from '../../core/errors.js';
export { checkedStore } from './checked-store.js';
export { defineStore, type StoreDefinition, type StoreOptions } from './define-store.js';
export type { Comparison, Filter } from './filter.js';
export { type Matches, matcherOf } from './filter-match.js';
export { parseFilter } from './filter-parse.js';
export { checkInfo } from './info.js';
export type { ItemMetadata, MetadataValue } from './metadata.js';
export { type CreateStoreOptions, createStore, type OpenStoreOptions, openStore } from './open-store.js';
export type {
  EmbeddedItem,
  FolderReference,
  GalleryInfo,
  GalleryStore,
  ItemVectors,
  ListQuery,
  StoredItem,
  VectorHit,
  VectorQuery,
  VectorSizes,
} from './store.js';
export { compareText } from './text.js';
