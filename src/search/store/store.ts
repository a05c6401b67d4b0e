/**
 * What every gallery store can do: keep pictures' embeddings and metadata, and find those near a vector. Stores know no models:
 * they compare matching vectors, and hand out factor vectors for the re-ranking that `src/search/gallery` does.
 */
import type { OnProgress } from '../../core/progress.js';
import type { Filter } from './filter.js';
import type { ItemMetadata } from './metadata.js';

/** A picture of a gallery. */
export interface StoredItem {
  /** Unique in its gallery: 1 to 512 characters, none of them a control character. Ids are in the order of their code points. */
  id: string;
  /** SHA-256 of the file's content, in hexadecimal: a picture whose content has not changed is not embedded again. */
  content: string;
  /** Where the picture is read again: a path inside the gallery's images folder with "/" between names, or a URL. */
  location: string;
  /** The image's metadata. */
  metadata: ItemMetadata;
}

/** What a model made of a picture. */
export interface ItemVectors {
  /** The matching token (width), of length 1. */
  matching: Float32Array;
  /** The factors' projections (factors * projection), each of length 1; empty for models without factors. */
  factors: Float32Array;
}

/** A picture with its vectors. */
export interface EmbeddedItem extends StoredItem, ItemVectors {}

/** Sizes of the vectors of a gallery. */
export interface VectorSizes {
  /** Numbers of a matching token, d. */
  width: number;
  /** Factors, K; 0 for a method without factors. */
  factors: number;
  /** Numbers of each factor, p. */
  projection: number;
}

/** A folder by two names, so that it is found again when it was moved together with the gallery, or when the gallery was. */
export interface FolderReference {
  /** Relative to the gallery's folder, with "/" between names. */
  relative: string;
  /** Absolute, on the machine that wrote it. */
  absolute: string;
}

/** What a gallery remembers beside its pictures. */
export interface GalleryInfo {
  /** The model that embeds the pictures; only queries of the same weights can be compared with them. */
  model: { hash: string; encoder: string; folder: FolderReference };
  /** Where the pictures lie; left out where all are URLs. */
  images?: FolderReference | undefined;
  /** Weight of the factors' mean cosine in the score. */
  gamma: number;
  /** Sizes of the vectors. */
  sizes: VectorSizes;
}

/** What {@link GalleryStore.search} takes. */
export interface VectorQuery {
  /** (width), of length 1. */
  vector: Float32Array;
  /** The maximum number of hits. */
  limit: number;
  /** Only items that pass it. @default all */
  filter?: Filter | undefined;
  /** Ids that are left out. @default none */
  exclude?: readonly string[] | undefined;
  /** Give the hits' vectors too; that costs less than asking for them afterwards. @default false */
  includeVectors?: boolean | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}

/** An item that a store found near a vector. */
export interface VectorHit {
  /** The item, without its vectors. */
  item: StoredItem;
  /** The cosine: 1 is the same direction. */
  similarity: number;
  /** Where they were asked for. */
  vectors?: ItemVectors;
}

/** What {@link GalleryStore.list} takes. */
export interface ListQuery {
  /** Only ids behind this one, in code point order (see `compareText`). */
  after?: string | undefined;
  /** The maximum number of items. */
  limit: number;
  /** Only items that pass it. @default all */
  filter?: Filter | undefined;
}

/**
 * One gallery in a store. All methods may be called at once; a write is durable, whole and seen by later calls when its promise
 * resolves, and leaves everything as it was when it rejects. A store whose server or disk fails throws LimnError STORE and is usable
 * again when that is back.
 */
export interface GalleryStore {
  /** What the gallery remembers beside its items. */
  readonly info: GalleryInfo;
  /**
   * Adds items, or replaces those with the same id.
   *
   * @throws LimnError USAGE for vectors of other sizes or lengths, a repeated id, a bad id or bad metadata; nothing is written then
   */
  upsert(items: readonly EmbeddedItem[]): Promise<void>;
  /** @returns how many of the ids there were */
  delete(ids: readonly string[]): Promise<number>;
  /** In the order of the ids; undefined for those that there are not. */
  get(ids: readonly string[]): Promise<(StoredItem | undefined)[]>;
  /** In code point order of the ids. */
  list(query: ListQuery): Promise<StoredItem[]>;
  /** How many items there are, or pass a filter. */
  count(filter?: Filter): Promise<number>;
  /** Nearest first; of equal similarities the smaller id (in code point order) first. An index may miss some (see {@link optimise}). */
  search(query: VectorQuery): Promise<VectorHit[]>;
  /** The matching and factor vectors in the order of the ids; undefined for those that there are not. */
  vectors(ids: readonly string[]): Promise<(ItemVectors | undefined)[]>;
  /** Builds or refreshes indexes and gives back space. Search works before, during and after. */
  optimise(options?: {
    /** Stops the work when it fires; it then fails with INTERRUPTED. */
    signal?: AbortSignal;
    /** Called as the work proceeds. @default none */
    onProgress?: OnProgress;
  }): Promise<void>;
  /**
   * Does what a killed process left undone (indexes that were never built), and removes what it left behind, unless another process is writing.
   *
   * @default nothing to do
   */
  tidy?(options?: {
    /** Stops the work when it fires; it then fails with INTERRUPTED. */
    signal?: AbortSignal;
    /** Called as the work proceeds. @default none */
    onProgress?: OnProgress;
  }): Promise<void>;
  /**
   * Takes the right to write, in stores where one process has it at a time, and learns what others have written.
   *
   * @default every process may write, and knows
   * @throws LimnError STORE where another process has it
   */
  beginWriting?(): Promise<void>;
  /** Frees threads and memory; nothing may be called afterwards. */
  close(): Promise<void>;
}
