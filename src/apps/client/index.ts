/** limn/client: the HTTP API from browsers and Node. */
export type {
  Box,
  Caption,
  CaptionAnswer,
  Explain,
  Explanation,
  Gallery,
  Hit,
  ImageReference,
  /** @deprecated */
  ImageReference as PictureReference,
  Item,
  ItemList,
  ListQuery,
  Metadata,
  Problem,
  Search,
  SearchAnswer,
  Suggest,
  Suggestions,
} from '../server/contract.js';
export {
  type CaptionCall,
  type ClientImage,
  /** @deprecated */
  type ClientImage as Picture,
  type ExplainCall,
  LimnClient,
  type NewItem,
  type SearchCall,
} from './client.js';
export { LimnClientError } from './errors.js';
export type { CallOptions, ClientOptions } from './http.js';
