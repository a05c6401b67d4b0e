/** Numpy-style broadcasting, forwards (shapes) and backwards (sums). */
import { float32, type Shape, sizeOf, wholeOf } from '../../tensor/tensor.js';
import { matmul, reduceSum, reshape } from '../functions.js';
import { ShapeError } from '../registry.js';
import type { GraphBuilder, Value } from '../value.js';

export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new ShapeError(`shapes [${a}] and [${b}] do not broadcast: ${x} against ${y} at axis ${i}.`);
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Sums a gradient over the axes along which a value of `shape` was repeated. */
export function unbroadcast(gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.map((_, i) => i).filter((i) => i < extra || (shape[i - extra] === 1 && gradient.shape[i] !== 1));
  if (axes.length === 0) return reshape(gradient, shape);
  const leading = axes.every((axis, i) => axis === i);
  return reshape(leading ? sumOfRows(gradient, axes.length) : reduceSum(gradient, axes), shape);
}

/** Fewer rows than this are summed as fast by ReduceSum. */
const manyRows = 64;

/** Sums over the first `count` axes. Many rows are summed by a product with ones, for which ONNX Runtime takes a third of ReduceSum's time. */
function sumOfRows(x: Value, count: number): Value {
  const rows = sizeOf(x.shape.slice(0, count));
  const columns = sizeOf(x.shape.slice(count));
  if (x.dtype !== 'float32' || rows < manyRows || columns < 2) return reduceSum(x, [...Array(count).keys()]);
  return matmul(onesOf(x.graph, rows), reshape(x, [rows, columns]));
}

const knownOnes = new WeakMap<GraphBuilder, Map<number, Value>>();

/** The graph's one row (1, count) of ones. */
function onesOf(graph: GraphBuilder, count: number): Value {
  const known = knownOnes.get(graph) ?? new Map<number, Value>();
  knownOnes.set(graph, known);
  const ones = known.get(count) ?? graph.constant(float32([1, count], new Float32Array(count).fill(1)), 'ones');
  known.set(count, ones);
  return ones;
}

/** A valid axis number, counted from the front. */
export function axisOf(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeError(`axis ${axis} does not exist in a tensor of rank ${rank}.`);
  return axis < 0 ? axis + rank : axis;
}

/** Input `i`, which must be there. */
export function need(inputs: readonly (Value | undefined)[], i: number): Value {
  const value = inputs[i];
  if (!value) throw new ShapeError(`input ${i} is missing.`);
  return value;
}

/**
 * The integers of a constant input; limn's shapes are static, so axes, sizes and the like must be constants. Those beyond 2^53 are
 * brought to 2^53 - 1, which is beyond the end of every tensor too.
 */
export function constantInts(inputs: readonly (Value | undefined)[], i: number, what: string): number[] {
  const content = need(inputs, i).constant;
  if (!content) throw new ShapeError(`${what} must be a constant.`);
  return Array.from(content.data, wholeOf);
}
