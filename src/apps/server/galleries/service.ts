/**
 * What the server needs of a gallery. `galleryService` (gallery-service.ts) makes it of a real one; the server's tests bring a small one
 * of their own, so that they are about HTTP.
 */

import type { InTurn } from '../../../search/gallery/in-turn.js';
import type { Explanation, ImageReference, SearchAnswer, SearchRequest } from '../../../search/gallery/search-types.js';
import type { Suggestions } from '../../../search/gallery/suggest/suggester.js';
import type { ItemMetadata } from '../../../search/store/metadata.js';

/** A picture of a gallery, as the API shows it. */
export interface ServedItem {
  id: string;
  /** SHA-256 of the picture's file. */
  content: string;
  metadata: ItemMetadata;
}

export interface ServedDescription {
  count: number;
  model: { hash: string; encoder: string };
  /** A name for each factor. */
  factors: string[];
  fields: {
    name: string;
    type: 'string' | 'number' | 'boolean' | 'mixed';
    values: (string | number | boolean)[];
    /** How many pictures have each of the values. */
    counts?: number[] | undefined;
    /** Whether they are estimated from a sample. @default false */
    approximate?: boolean | undefined;
  }[];
  /** Fields that the page shows of each hit. @default none */
  show?: string[] | undefined;
  /** Of a gallery whose model is replaced by a better one now and then: the epoch of the present one. @default it stays */
  training?: { epoch: number; epochs: number; ended: boolean } | undefined;
  /** Whether {@link ServedGallery.caption} works. */
  captions: boolean;
}

/** Pictures arrive as ids or as bytes whose format and size were checked; paths of this machine never do. */
export type ServedImage = Exclude<ImageReference, { path: string }>;

/**
 * One gallery. All methods may be called at once. What decodes pictures is told when it may (`inTurn`).
 *
 * What is wrong with a request is a LimnError USAGE (a filter that cannot be read, weights that do not fit, an id that is not there) or
 * IMAGE (a damaged picture), whose message the caller sees. Any other error is the server's own, and only its log shows it.
 */
export interface ServedGallery {
  /** How many images there are, the model, names of factors, and fields to filter by. */
  describe(signal: AbortSignal): Promise<ServedDescription>;
  /** How many pictures there are, or pass a filter. */
  count(filter?: string): Promise<number>;
  /** In code unit order of the ids, those behind `after`. */
  list(query: {
    after?: string | undefined;
    /** The maximum number of images. */
    limit: number;
    /** In the filter language. @default all images */
    filter?: string | undefined;
  }): Promise<ServedItem[]>;
  /** The image of this id; undefined if there is none. */
  get(id: string): Promise<ServedItem | undefined>;
  /** Adds a picture, or replaces the one of that id. Searches see it when this resolves. */
  put(
    item: {
      id: string;
      /** The image's file. */
      bytes: Uint8Array;
      /** The image's metadata. */
      metadata: ItemMetadata;
    },
    inTurn: InTurn,
  ): Promise<ServedItem>;
  /** @returns whether there was one */
  delete(id: string): Promise<boolean>;
  /** Each request's own answer or error, in their order; the pictures and texts of all are embedded together. */
  searchAll(requests: readonly SearchRequest[]): Promise<PromiseSettledResult<SearchAnswer>[]>;
  /** What a person should know of what a search or a list has found; sentences. @default nothing is said */
  notesOn?(query: Pick<SearchRequest, 'filter' | 'offset'>, found: number): Promise<string[]>;
  /** Why the search finds this hit. @param hit the id of an image */
  explain(request: SearchRequest, hit: string, inTurn: InTurn): Promise<Explanation>;
  /** Decodes what a search or an explanation needs before it meets others. @default its pictures are decoded with those of others */
  decodeAhead?(request: SearchRequest, inTurn: InTurn): Promise<SearchRequest>;
  /** The bytes of the picture's file; undefined where the id or the file is gone. */
  image(id: string): Promise<Uint8Array | undefined>;
  /** A small JPEG of it; undefined where it has to be made of the picture. */
  thumbnail(id: string, inTurn: InTurn): Promise<Uint8Array | undefined>;
  /** What changes from one picture to another; left out where the server has no captioner. */
  caption?(reference: ServedImage, target: ServedImage, signal: AbortSignal, inTurn: InTurn): Promise<string>;
  /** What a person can say next, and which words are not known; left out where nothing is suggested. */
  suggest?(request: {
    /** Id of the image that is to be changed. @default none */
    reference?: string | undefined;
    /** What the user is typing. @default nothing */
    typed?: string | undefined;
    /** Texts that the search has already. */
    said: readonly string[];
    /** How many suggestions at most. */
    count: number;
  }): Promise<Suggestions>;
  /** Frees what the service holds. */
  close(): Promise<void>;
}
