/** Numpy-style broadcasting, forwards (shapes) and backwards (sums). */
import type { Shape } from '../../tensor/tensor.js';
import { reduceSum, reshape } from '../functions.js';
import type { Value } from '../graph.js';
import { ShapeMistake } from '../registry.js';

export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new ShapeMistake(`shapes [${a}] and [${b}] do not broadcast: ${x} against ${y} at axis ${i}.`);
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Sums a gradient over the axes along which a value of `shape` was repeated. */
export function unbroadcast(gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.map((_, i) => i).filter((i) => i < extra || (shape[i - extra] === 1 && gradient.shape[i] !== 1));
  return reshape(axes.length > 0 ? reduceSum(gradient, axes) : gradient, shape);
}

/** A valid axis number, counted from the front. */
export function axisOf(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeMistake(`axis ${axis} does not exist in a tensor of rank ${rank}.`);
  return axis < 0 ? axis + rank : axis;
}

/** Input `i`, which must be there. */
export function need(inputs: readonly (Value | undefined)[], i: number): Value {
  const value = inputs[i];
  if (!value) throw new ShapeMistake(`input ${i} is missing.`);
  return value;
}

/** The integers of a constant input; limn's shapes are static, so axes, sizes and the like must be constants. */
export function constantInts(inputs: readonly (Value | undefined)[], i: number, what: string): number[] {
  const content = need(inputs, i).constant;
  if (!content) throw new ShapeMistake(`${what} must be a constant.`);
  return Array.from(content.data, Number);
}
