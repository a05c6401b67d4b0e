/** What is asked of an export, and how the page and its worker write to each other. */
import type { ProgressEvent } from '../../core/progress-event.js';
import type { ApiBox, Explain, Search, Suggest } from '../server/contract.js';

/** An image of the export by its id, or the bytes of a file; with a box, that part of it alone. */
export type LocalImage = ({ id: string } | { bytes: Uint8Array }) & { box?: ApiBox | undefined };

type WithImages<T> = Omit<T, 'gallery' | 'references' | 'negatives'> & {
  references?: readonly LocalImage[] | undefined;
  negatives?: readonly LocalImage[] | undefined;
};
export type LocalSearch = WithImages<Search>;
export type LocalExplain = WithImages<Explain>;
/** What {@link StaticGallery.suggest} takes: the API's request without the name of the gallery. */
export type LocalSuggest = Omit<Suggest, 'gallery'>;

/** Methods of the worker's gallery, and those that open it. */
export type Method =
  | 'open'
  | 'prepare'
  | 'keep'
  | 'device'
  | 'describe'
  | 'item'
  | 'items'
  | 'count'
  | 'search'
  | 'explain'
  | 'suggest'
  | 'imageAddresses';

export type ToWorker = { call: number; method: Method; argument: unknown; wantsEarly?: boolean } | { abort: number };

export type FromWorker =
  | { call: number; result: unknown }
  /** Of a search that goes on: its hits so far. */
  | { call: number; early: unknown }
  | { call: number; error: { code: string; message: string; details: Record<string, unknown> } }
  | { progress: ProgressEvent };
