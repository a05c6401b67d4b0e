/**
 * A method of composed image retrieval: how a reference and a text become one query vector, and how queries are matched with
 * targets. LIMN is one; the baselines are others, on the same encoders, batches, search and evaluation.
 */
import type { Value } from '../../engine/graph/index.js';
import type { Context } from '../../engine/nn/context.js';
import type { LimnConfig } from '../backbone/config.js';
import type { Encoded } from '../backbone/encoded.js';

export interface Embedding {
  /** What a gallery stores and searches, of length 1: (B, d). */
  matching: Value;
  /**
   * The factors' projections, each of length 1, or of the length of its weight in a query with learned weights: (B, K, p). Methods without
   * factors have none.
   */
  factors?: Value;
}

/** What a loss must know of the rows of its batch. */
export interface BatchRows {
  /**
   * float32 (B, C): 1 where a candidate is no negative of a row, for it is what the row wants, without being its own target. The candidates
   * are the targets of all rows (C = B), or these and the references of all rows (C = 2 B).
   */
  sameTarget: Value;
  /** float32 (B): how much each row counts in the classification. @default all the same */
  weights?: Value | undefined;
}

export interface MethodLoss {
  /** Scalar float32. */
  loss: Value;
  /** Scalar float32 values to report beside it. */
  metrics: Record<string, Value>;
}

export interface Method<E extends Embedding = Embedding> {
  /** Which sides of a query are read at all. */
  sees(config: LimnConfig): { picture: boolean; text: boolean };
  /** Whether local picture features are used. */
  local(config: LimnConfig): boolean;
  /** K, the number of factor vectors of an embedding. */
  factors(config: LimnConfig): number;
  /** The embedding of a query; what {@link sees} excludes is undefined. */
  embedQuery(context: Context, config: LimnConfig, picture: Encoded | undefined, text: Encoded | undefined): E;
  /** The embedding of a target picture, which is what a gallery stores. */
  embedTarget(context: Context, config: LimnConfig, picture: Encoded): E;
  /** @param query of the B rows @param candidates the C pictures that they are classified among, the rows' own targets first */
  loss(context: Context, config: LimnConfig, query: E, candidates: E, rows: BatchRows): MethodLoss;
  /**
   * Where each factor looks in a picture with local features: (B, K, N), rows that sum to 1. Methods that cannot say have none.
   *
   * @param text of the query whose reference it is; without one the picture is seen as a target
   */
  attention?(context: Context, config: LimnConfig, picture: Encoded, text?: Encoded): Value;
}
