/**
 * Gradients behind guards such as Where(IsNaN(p), 0, p), Where(n > 0, x / n, 0) or Clip(1 / x, max): what a guard did not select takes
 * no part in the loss, so its gradient is 0, also where its derivative is infinite or no number. A gradient of 0 that
 * meets such a derivative would be 0 * NaN = NaN.
 *
 * Two things hold it at 0. Rules whose derivative can be infinite at finite values (Div, Sqrt, Log, Pow) leave a gradient of 0 as it
 * is. And nodes that a guard may cut off read infinite and missing numbers as 0 in the backward pass; that costs, so only
 * the nodes near a guard do so.
 */

import { scalar } from '../tensor/tensor.js';
import { abs, less, where } from './functions.js';
import type { GraphNode, Value } from './graph.js';

/** What lies between a value and its guard: from these on, a gradient of 0 goes element by element. */
const elementwise = new Set(
  (
    'Identity Neg Exp Log Sqrt Reciprocal Tanh Sigmoid Abs Erf Relu Gelu QuickGelu Sin Cos Add Sub Mul Div Pow Reshape Unsqueeze Squeeze Flatten ' +
    'Transpose Expand Concat Split Slice Gather Cast Where'
  ).split(' '),
);
const acrossRows = new Set(
  'Softmax LogSoftmax ReduceSum ReduceMean ReduceMax ReduceMin ReduceL2 CumSum LayerNormalization'.split(' '),
);
const products = new Set(['MatMul', 'FusedMatMul', 'Gemm']);

/** How far a guard is looked for: only element by element, across rows too, or also through one matrix product. */
type Reach = 1 | 2 | 3;

/** The nodes whose infinite and missing results a guard may leave out. */
export function guardedNodes(nodes: readonly GraphNode[]): Set<GraphNode> {
  const reaches = new Map<GraphNode, Reach>();
  const mark = (value: Value | undefined, reach: Reach) => {
    const node = value?.producer;
    if (node && (reaches.get(node) ?? 0) < reach) reaches.set(node, reach);
  };
  for (const node of [...nodes].reverse()) {
    const { type, inputs, outputs } = node;
    if (!outputs[0]?.dtype.startsWith('float')) continue;
    const reach = reaches.get(node);
    if (reach !== undefined) {
      const next: Reach | undefined = elementwise.has(type)
        ? reach
        : acrossRows.has(type) && reach > 1
          ? reach
          : products.has(type) && reach > 2
            ? 2
            : undefined;
      if (next) for (const input of inputs) mark(input, next);
      else reaches.delete(node);
    }
    if (type === 'Where' && !fillsMask(node)) for (const branch of inputs.slice(1)) mark(branch, 3);
    if (type === 'Clip' || type === 'Max' || type === 'Min') for (const input of inputs) mark(input, 1);
  }
  return new Set(reaches.keys());
}

/** Where(mask, scores, -inf) before a softmax guards nothing, and is in every layer of some transformers. */
function fillsMask({ inputs }: GraphNode): boolean {
  return inputs.slice(1).some((branch) => branch?.constant?.data.every((x) => (x as number) <= -1e4) ?? false);
}

/** x with 0 in place of what is infinite or no number. */
export function finite(x: Value): Value {
  return x.dtype === 'float32' && !x.constant ? where(less(abs(x), x.graph.constant(scalar(Infinity))), x, 0) : x;
}
