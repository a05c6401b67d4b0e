/** limn/client: the HTTP API from browsers and Node. */
export type {
  ApiBox as Box,
  ApiCaption as Caption,
  ApiChoice as Choice,
  ApiExplanation as Explanation,
  ApiGallery as Gallery,
  ApiImageReference as ImageReference,
  /** @deprecated */
  ApiImageReference as PictureReference,
  ApiListQuery as ListQuery,
  ApiMetadata as Metadata,
  ApiSearchAnswer as SearchAnswer,
  ApiSuggestions as Suggestions,
  CaptionAnswer,
  Explain,
  Hit,
  Item,
  ItemList,
  Problem,
  Search,
  Suggest,
} from '../server/contract.js';
export {
  type CaptionCall,
  type ClientImage,
  /** @deprecated */
  type ClientImage as Picture,
  type ClientNewItem as NewItem,
  type ExplainCall,
  LimnClient,
  type SearchCall,
} from './client.js';
export { LimnClientError } from './errors.js';
export type { CallOptions, ClientOptions } from './http.js';
