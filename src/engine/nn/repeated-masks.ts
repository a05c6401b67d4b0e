/** Dropout masks of several batches of sequences whose rows stand one behind the other. */
import { gather, reshape } from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { type Shape, sizeOf, tensor } from '../tensor/tensor.js';

/** The masks (B, 1, d) of all batches (B, n, d) as rows: each as often as its item has rows. */
export function repeated(masks: Value, batches: readonly Shape[]): Value {
  const rows: number[] = [];
  let item = 0;
  for (const [items, ...others] of batches) {
    const count = sizeOf(others.slice(0, -1));
    for (const last = item + (items as number); item < last; item++) rows.push(...Array<number>(count).fill(item));
  }
  const at = masks.graph.constant(tensor('int32', [rows.length], Int32Array.from(rows)), 'rows');
  return gather(reshape(masks, [item, masks.shape.at(-1) as number]), at);
}
