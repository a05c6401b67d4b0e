/** What a training graph is fed. */
import type { DType, Shape } from '../tensor/tensor.js';

/** An input of a training graph. */
export interface InputSpec {
  /** The type of its elements. */
  dtype: DType;
  /** Its shape in one step. */
  shape: Shape;
  /** Where its rows are taken from. @default none, it is fed itself */
  gathered?: GatheredInput;
}

/** An input that a step takes out of a table that is resident, see engine/nn/gathered.ts. */
export interface GatheredInput {
  /** The table's columns, (n, ...), joined along their last axis: resident tensors by their names. */
  parts: readonly { name: string; dtype: DType; shape: Shape }[];
  /** The input that is fed in its place, int32: the table's rows that a step takes. Several inputs may share it. */
  rows: { name: string; shape: Shape };
}
