/** limn/client: the HTTP API from browsers and Node. */
export type {
  Box,
  Caption,
  CaptionAnswer,
  Explain,
  Explanation,
  Gallery,
  Hit,
  Item,
  ItemList,
  ListQuery,
  Metadata,
  PictureReference,
  Problem,
  Search,
  SearchAnswer,
  Suggest,
  Suggestions,
} from '../server/contract.js';
export { type CaptionCall, type ExplainCall, LimnClient, type Picture, type SearchCall } from './client.js';
export { LimnClientError } from './errors.js';
export type { CallOptions, ClientOptions } from './http.js';
