/** What every gallery store can do: hold the embeddings of pictures and find those that match a query best. */

/** A folder by two names, so that it is found again when it was moved together with the gallery, or when the gallery was. */
export interface FolderReference {
  /** Relative to the gallery's folder, with "/" between names. */
  relative: string;
  absolute: string;
}

/** What a gallery remembers beside its pictures. */
export interface GalleryInfo {
  /** The model that embedded the pictures; only queries of the same weights can be compared with them. */
  model: { hash: string; encoder: string; folder: FolderReference };
  /** Where the pictures lie. */
  images: FolderReference;
  /** Weight of the factors' mean cosine in the score. */
  gamma: number;
  /** Pictures that could not be read and were left out. */
  skipped: { id: string; reason: string }[];
}

export interface GalleryItem {
  /** The picture's path inside the images folder, with "/" between names. Unique. */
  id: string;
  /** SHA-256 of the file's content, in hexadecimal. */
  content: string;
}

export interface StoreQuery {
  /** The matching token (width), of length 1. */
  matching: Float32Array;
  /** The factors' projections (factors, projection), each of length 1. */
  factorVectors: Float32Array;
  /** How many hits to return. */
  k: number;
  /** w_k, the weight of each factor. @default 1 / factors for each */
  weights?: readonly number[] | undefined;
  /** Items that are left out, such as the reference picture. @default none */
  exclude?: ((item: GalleryItem) => boolean) | undefined;
}

export interface StoreHit {
  item: GalleryItem;
  /** The item's row, from 0. */
  row: number;
  /** From 1. */
  rank: number;
  /** `matching` plus the sum of `factors`. */
  score: number;
  /** cos of the matching tokens, -1 to 1. */
  matching: number;
  /** Each factor's share of the score: gamma * w_k * cos(F_k, F'_k). */
  factors: number[];
}

export interface GalleryStore {
  readonly info: GalleryInfo;
  readonly items: readonly GalleryItem[];
  readonly factors: number;
  /**
   * The best hits by cos(m, m') + gamma * sum_k w_k cos(F_k, F'_k): the best `max(k, 200)` by the matching token alone are
   * ranked by the whole score. Of equal scores the lower row comes first. Leaving items out may give fewer than k hits.
   *
   * @throws LimnError USAGE when k is no whole number from 1 to the number of items, or `weights` do not fit the factors
   */
  search(query: StoreQuery): Promise<StoreHit[]>;
  close(): Promise<void>;
}
