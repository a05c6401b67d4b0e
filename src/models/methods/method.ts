/** What a method gives: the embeddings of queries and targets, and the loss between them. */
import type { Value } from '../../engine/graph/index.js';

/** The embedding of B queries or targets. */
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

/** What a method's loss returns. */
export interface MethodLoss {
  /** Scalar float32. */
  loss: Value;
  /** Scalar float32 values to report beside it. */
  metrics: Record<string, Value>;
}
