/** What a search asks and answers. */

import type { Box } from '../../models/encoders/image/box.js';
import type { ItemMetadata } from '../store/metadata.js';
import type { DecodedImage } from './embedder.js';

/** A picture of the gallery, one on this machine's disk, or the bytes of a picture file; with a box, that part of it alone. */
export type ImageReference = ({ id: string } | { path: string } | { bytes: Uint8Array }) & {
  /** A part of the image. @default all of it */
  box?: Box | undefined;
};

/** What {@link Gallery.search} takes. */
export interface SearchRequest {
  /** Several are searched for together, each composed with the text. None: the text is composed with the average picture. @default none */
  references?: readonly ImageReference[] | undefined;
  /** What to change; several, such as those of earlier turns, hold together. None: the pictures nearest to the references. @default none */
  texts?: readonly string[] | undefined;
  /** Pictures that the hits are not to resemble. @default none */
  negatives?: readonly ImageReference[] | undefined;
  /** How much resembling the negatives costs, as a part of what matching the query earns: their mean, however many there are. @default 0.5 */
  negativeWeight?: number | undefined;
  /** w_k, the weight of each factor, which multiplies what the model itself gives it. @default 1 / K for each of the K factors */
  weights?: readonly number[] | undefined;
  /** In the filter language, e.g. `colour = 'red' and price < 50`. @default all pictures */
  filter?: string | undefined;
  /** How many hits, 1 to 1,000. @default 10 */
  k?: number | undefined;
  /** Hits that are passed over, for the next page; `offset + k` is at most 1,000. @default 0 */
  offset?: number | undefined;
  /** Leave out the references themselves, by id and by content. @default true */
  excludeReferences?: boolean | undefined;
  /** Pictures that were decoded before, by the content of their files; see Gallery.decodeAhead. @default all are decoded when they are needed */
  decoded?: ReadonlyMap<string, DecodedImage> | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}

/** An image that a search found. */
export interface SearchHit {
  /** Id of the image. */
  id: string;
  /** From 1, over all pages. */
  rank: number;
  /** `matching` plus the sum of `factors`, less `negative`. */
  score: number;
  /** The cosine of the matching tokens, -1 to 1. */
  matching: number;
  /**
   * Each factor's share: gamma * w_k * cos(F_k, F'_k), times the weight that the query gives the factor in a model that learns such weights.
   * Empty for models without factors.
   */
  factors: number[];
  /** What resembling the negatives cost; 0 without any. */
  negative: number;
  /** The image's metadata. */
  metadata: ItemMetadata;
}

/** A page of hits. */
export interface SearchAnswer {
  /** Best first. */
  hits: SearchHit[];
  /** The offset of the next page; left out where this was the last. */
  next?: number | undefined;
}

/** Where a factor looks: weights of the picture's cells in reading order, each row `columns` long; they sum to 1. */
export interface HeatMap {
  /** Cells in a row. */
  columns: number;
  /** Cells in a column. */
  rows: number;
  /** rows * columns weights. */
  weights: number[];
}

/** Why a search found an image. */
export interface Explanation {
  /** The hit that is explained. */
  hit: SearchHit;
  /** For each factor, in both pictures; the reference's is left out where there is none. */
  factors: {
    /** Name of the factor. */
    name: string;
    /** What it adds to the score. */
    share: number;
    /** Where it looks in the reference. @default there is no reference */
    reference?: HeatMap | undefined;
    /** Where it looks in the hit. */
    hit: HeatMap;
  }[];
}
