/** limn/client: the HTTP API from browsers and Node. */
export type {
  Caption,
  CaptionAnswer,
  Explain,
  Explanation,
  Gallery,
  Hit,
  ImageReference,
  Item,
  ItemList,
  ListQuery,
  Metadata,
  Problem,
  Search,
  SearchAnswer,
} from '../server/contract.js';
export { type CaptionCall, type ClientImage, type ExplainCall, LimnClient, type SearchCall } from './client.js';
export { LimnClientError } from './errors.js';
export type { CallOptions, ClientOptions } from './http.js';
