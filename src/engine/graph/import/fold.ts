/**
 * Computes nodes whose inputs are all constants. Exporters work out shapes, positions and masks inside the graph; limn's shapes
 * are static, so all of that is settled when a file is imported.
 */
import { newArray, sizeOf, type Tensor, tensor } from '../../tensor/tensor.js';
import type { Attributes } from '../graph.js';
import { axisOf } from '../ops/broadcast.js';
import { ShapeMistake, type ValueType } from '../registry.js';

/** More elements than these stay nodes, so that a training file holds a rule and not its large result. */
const largest = { float: 16_384, other: 1_048_576 };

const dividing = (a: number, b: number) => ((a % b) + b) % b;

const elementwise: Readonly<Record<string, (...x: number[]) => number>> = {
  Neg: (x) => -x!,
  Abs: (x) => Math.abs(x!),
  Sqrt: (x) => Math.sqrt(x!),
  Exp: (x) => Math.exp(x!),
  Log: (x) => Math.log(x!),
  Reciprocal: (x) => 1 / x!,
  Floor: (x) => Math.floor(x!),
  Ceil: (x) => Math.ceil(x!),
  Not: (x) => 1 - x!,
  IsNaN: (x) => Number(Number.isNaN(x)),
  Add: (a, b) => a! + b!,
  Sub: (a, b) => a! - b!,
  Mul: (a, b) => a! * b!,
  Div: (a, b) => a! / b!,
  Pow: (a, b) => a! ** b!,
  Min: (a, b) => Math.min(a!, b!),
  Max: (a, b) => Math.max(a!, b!),
  Less: (a, b) => Number(a! < b!),
  LessOrEqual: (a, b) => Number(a! <= b!),
  Greater: (a, b) => Number(a! > b!),
  GreaterOrEqual: (a, b) => Number(a! >= b!),
  Equal: (a, b) => Number(a === b),
  And: (a, b) => Number(a! > 0 && b! > 0),
  Or: (a, b) => Number(a! > 0 || b! > 0),
  Where: (condition, a, b) => (condition ? a! : b!),
  Cast: (x) => x!,
};

const reductions: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceSum: (values) => values.reduce((a, b) => a + b, 0),
  ReduceProd: (values) => values.reduce((a, b) => a * b, 1),
  ReduceMax: (values) => values.reduce((a, b) => Math.max(a, b), -Infinity),
  ReduceMin: (values) => values.reduce((a, b) => Math.min(a, b), Infinity),
};

const renamings = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** The outputs of a node in limn's own form (see rules.ts), or undefined where it must be left to run time. */
export function fold(
  type: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes,
  types: readonly ValueType[],
): Tensor[] | undefined {
  const first = inputs[0];
  const result = types[0];
  if (!first || !result) return undefined;
  const limit = result.dtype.startsWith('float') ? largest.float : largest.other;
  if (types.some(({ shape }) => sizeOf(shape) > limit) || result.dtype === 'float16') return undefined;
  const given = inputs.filter((input): input is Tensor => input !== undefined);
  if (renamings.has(type)) return [tensor(result.dtype, result.shape, first.data as never)];
  const cut = type === 'Div' && result.dtype.startsWith('int') ? Math.trunc : undefined;
  const rule =
    type === 'Mod' && attributes.fmod !== 1 ? dividing : type === 'Mod' ? (a: number, b: number) => a % b : elementwise[type];
  if (rule) return [broadcasting(given, result, (...x) => (cut ? cut(rule(...x)) : rule(...x)))];
  const reduction = reductions[type];
  if (reduction) return [reduced(first, result, numbers(inputs[1]), reduction)];
  const taken = layouts[type]?.(given, attributes, types);
  return taken?.map((take, i) => gathered(types[i] as ValueType, take));
}

/** Where each element of an output comes from: a tensor, and the place in it; undefined for a zero. */
type Source = (at: readonly number[]) => readonly [Tensor, number] | undefined;

const layouts: Readonly<Record<string, (inputs: Tensor[], attributes: Attributes, types: readonly ValueType[]) => Source[]>> = {
  Transpose: ([x], attributes) => {
    const perm = attributes.perm as number[];
    return [(at) => [x!, placeOf(x!.shape, (axis) => at[perm.indexOf(axis)]!)]];
  },
  Expand: ([x]) => [(at) => [x!, broadcastPlace(x!.shape, at)]],
  Slice: ([x, starts, , axes]) => {
    const clamp = (value: number, extent: number) => Math.min(Math.max(value < 0 ? value + extent : value, 0), extent);
    const from = x!.shape.map(() => 0);
    numbers(starts).forEach((start, i) => {
      const axis = axisOf(axes ? numbers(axes)[i]! : i, from.length);
      from[axis] = clamp(start, x!.shape[axis]!);
    });
    return [(at) => [x!, placeOf(x!.shape, (axis) => at[axis]! + from[axis]!)]];
  },
  Gather: ([x, indices], attributes) => {
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x!.shape.length);
    const rank = indices!.shape.length;
    const rows = numbers(indices).map((row) => (row < 0 ? row + x!.shape[axis]! : row));
    return [
      (at) => {
        const row = rows[placeOf(indices!.shape, (i) => at[axis + i]!)]!;
        return [x!, placeOf(x!.shape, (i) => (i < axis ? at[i]! : i === axis ? row : at[i + rank - 1]!))];
      },
    ];
  },
  Concat: (parts, attributes) => {
    const axis = axisOf(attributes.axis as number, parts[0]!.shape.length);
    return [
      (at) => {
        let along = at[axis]!;
        for (const part of parts) {
          if (along < part.shape[axis]!) return [part, placeOf(part.shape, (i) => (i === axis ? along : at[i]!))];
          along -= part.shape[axis]!;
        }
        return undefined;
      },
    ];
  },
  Split: ([x], attributes, types) => {
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x!.shape.length);
    let before = 0;
    return types.map(({ shape }) => {
      const from = before;
      before += shape[axis]!;
      return (at) => [x!, placeOf(x!.shape, (i) => at[i]! + (i === axis ? from : 0))];
    });
  },
  Trilu: ([x, k], attributes) => {
    const offset = numbers(k)[0] ?? 0;
    const inside = (row: number, column: number) => (attributes.upper === 0 ? column - row <= offset : column - row >= offset);
    return [(at) => (inside(at.at(-2)!, at.at(-1)!) ? [x!, placeOf(x!.shape, (i) => at[i]!)] : undefined)];
  },
};

function numbers(x: Tensor | undefined): number[] {
  return x ? Array.from(x.data, Number) : [];
}

/** The row-major place of an index, given axis by axis. */
function placeOf(shape: readonly number[], along: (axis: number) => number): number {
  return shape.reduce((place, extent, axis) => place * extent + along(axis), 0);
}

function broadcastPlace(shape: readonly number[], at: readonly number[]): number {
  const extra = at.length - shape.length;
  return placeOf(shape, (axis) => (shape[axis] === 1 ? 0 : at[axis + extra]!));
}

/** Calls `each` with all indices of a shape, in row-major order. */
function everyIndex(shape: readonly number[], each: (at: readonly number[], place: number) => void): void {
  const at = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let place = 0; place < size; place++) {
    each(at, place);
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis]! === shape[axis]; axis--) at[axis] = 0;
  }
}

function gathered({ dtype, shape }: ValueType, source: Source): Tensor {
  const data = newArray(dtype, sizeOf(shape));
  everyIndex(shape, (at, place) => {
    const from = source(at);
    if (!from) return;
    const element = from[0].data[from[1]];
    if (element === undefined) throw new ShapeMistake('an index is beyond the tensor.');
    data[place] = element;
  });
  return tensor(dtype, shape, data);
}

function broadcasting(inputs: readonly Tensor[], { dtype, shape }: ValueType, rule: (...x: number[]) => number): Tensor {
  const values = new Float64Array(sizeOf(shape));
  everyIndex(shape, (at, place) => {
    values[place] = rule(...inputs.map((input) => Number(input.data[broadcastPlace(input.shape, at)])));
  });
  return fromNumbers({ dtype, shape }, values);
}

function reduced(x: Tensor, result: ValueType, axes: readonly number[], rule: (values: readonly number[]) => number): Tensor {
  const over = axes.map((axis) => axisOf(axis, x.shape.length));
  const kept = x.shape.map((extent, i) => (over.length === 0 || over.includes(i) ? 1 : extent));
  const groups: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  everyIndex(x.shape, (at, place) => groups[broadcastPlace(kept, at)]!.push(Number(x.data[place])));
  return fromNumbers(result, Float64Array.from(groups, rule));
}

/** Numbers as a tensor. Integers end at those of int64: the end of a slice that has none is often its largest. */
export function fromNumbers({ dtype, shape }: ValueType, values: Float64Array): Tensor {
  if (dtype === 'float32') return tensor(dtype, shape, Float32Array.from(values));
  if (dtype === 'bool')
    return tensor(
      dtype,
      shape,
      Uint8Array.from(values, (value) => Number(value !== 0)),
    );
  if (dtype === 'int32') return tensor(dtype, shape, Int32Array.from(values));
  const end = 2 ** 63;
  const whole = (value: number) =>
    value >= end ? 2n ** 63n - 1n : value <= -end ? -(2n ** 63n) : BigInt(Math.trunc(value) || 0);
  return tensor('int64', shape, BigInt64Array.from(values, whole));
}
