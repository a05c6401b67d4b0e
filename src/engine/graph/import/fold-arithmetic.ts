/** What folding (fold.ts) computes: floats as doubles, integers exactly and with the overflow of their width. */
import { sizeOf, type Tensor, tensor } from '../../tensor/tensor.js';
import type { Attributes } from '../graph.js';
import { axisOf } from '../ops/broadcast.js';
import type { ValueType } from '../registry.js';

type Floats = (...x: number[]) => number;
type Integers = (...x: bigint[]) => bigint | boolean;

/** To the nearest whole number, halves to the even one. */
function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const floats: Readonly<Record<string, Floats>> = {
  Neg: (x) => -x!,
  Abs: (x) => Math.abs(x!),
  Sqrt: (x) => Math.sqrt(x!),
  Exp: (x) => Math.exp(x!),
  Log: (x) => Math.log(x!),
  Sin: (x) => Math.sin(x!),
  Cos: (x) => Math.cos(x!),
  Sign: (x) => Math.sign(x!),
  Reciprocal: (x) => 1 / x!,
  Floor: (x) => Math.floor(x!),
  Ceil: (x) => Math.ceil(x!),
  Round: (x) => roundHalfToEven(x!),
  Not: (x) => 1 - x!,
  IsNaN: (x) => Number(Number.isNaN(x)),
  Add: (a, b) => a! + b!,
  Sub: (a, b) => a! - b!,
  Mul: (a, b) => a! * b!,
  Div: (a, b) => a! / b!,
  Mod: (a, b) => a! % b!,
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
  Xor: (a, b) => Number(a! > 0 !== b! > 0),
  Where: (condition, a, b) => (condition ? a! : b!),
  Cast: (x) => x!,
};

// Math.min and Math.max take no bigints.
function smaller(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}

function greater(a: bigint, b: bigint): bigint {
  if (b > a) return b;
  return a;
}

const integers: Readonly<Record<string, Integers>> = {
  Neg: (x) => -x!,
  Abs: (x) => (x! < 0n ? -x! : x!),
  Sign: (x) => (x! > 0n ? 1n : x! < 0n ? -1n : 0n),
  Add: (a, b) => a! + b!,
  Sub: (a, b) => a! - b!,
  Mul: (a, b) => a! * b!,
  Div: (a, b) => a! / b!,
  // The remainder has the sign of the divisor.
  Mod: (a, b) => ((a! % b!) + b!) % b!,
  Min: (a, b) => smaller(a!, b!),
  Max: (a, b) => greater(a!, b!),
  Less: (a, b) => a! < b!,
  LessOrEqual: (a, b) => a! <= b!,
  Greater: (a, b) => a! > b!,
  GreaterOrEqual: (a, b) => a! >= b!,
  Equal: (a, b) => a === b,
  BitwiseAnd: (a, b) => a! & b!,
  BitwiseOr: (a, b) => a! | b!,
  BitwiseXor: (a, b) => a! ^ b!,
  BitwiseNot: (x) => ~x!,
  Where: (condition, a, b) => (condition ? a! : b!),
  Cast: (x) => x!,
};

/** a to a whole power; one below 0 gives what is left of the fraction. */
function power(a: bigint, b: bigint): bigint {
  if (b >= 0n) return a ** b;
  return a === 1n || a === -1n ? a ** -b : 0n;
}

const isWhole = ({ dtype }: Tensor) => dtype === 'int64' || dtype === 'int32';

/** An element-wise operator over tensors that broadcast; undefined for an operator that is none. */
export function foldElementwise(
  type: string,
  inputs: readonly Tensor[],
  attributes: Attributes,
  result: ValueType,
): Tensor | undefined {
  if (inputs.some(isWhole)) {
    const rule = type === 'Pow' ? power : type === 'Mod' && attributes.fmod === 1 ? remainder : integers[type];
    return rule && broadcastIntegers(inputs, result, rule as Integers);
  }
  const rule = floats[type];
  if (!rule) return undefined;
  const values = new Float64Array(sizeOf(result.shape));
  everyIndex(result.shape, (at, position) => {
    values[position] = rule(...inputs.map((input) => Number(input.data[broadcastPosition(input.shape, at)])));
  });
  return fromNumbers(result, values);
}

/** The remainder that has the sign of what is divided. */
const remainder: Integers = (a, b) => a! % b!;

function broadcastIntegers(inputs: readonly Tensor[], result: ValueType, rule: Integers): Tensor {
  const values = new Array<bigint>(sizeOf(result.shape));
  everyIndex(result.shape, (at, position) => {
    values[position] = BigInt(rule(...inputs.map((input) => BigInt(input.data[broadcastPosition(input.shape, at)]!))));
  });
  return fromIntegers(result, values);
}

const floatReductions: Readonly<Record<string, (values: readonly number[]) => number>> = {
  ReduceSum: (values) => values.reduce((a, b) => a + b, 0),
  ReduceMean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  ReduceProd: (values) => values.reduce((a, b) => a * b, 1),
  ReduceMax: (values) => values.reduce((a, b) => Math.max(a, b), -Infinity),
  ReduceMin: (values) => values.reduce((a, b) => Math.min(a, b), Infinity),
};

const integerReductions: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  ReduceSum: (a, b) => a + b,
  ReduceProd: (a, b) => a * b,
  ReduceMax: greater,
  ReduceMin: smaller,
};

/** Of nothing: sums and products have their neutral element, the others the end of their dtype. */
function startOf(type: string, dtype: string): bigint {
  if (type === 'ReduceSum') return 0n;
  if (type === 'ReduceProd') return 1n;
  const bits = dtype === 'bool' ? 1n : dtype === 'int32' ? 31n : 63n;
  const end = (1n << bits) - 1n;
  return type === 'ReduceMin' ? end : dtype === 'bool' ? 0n : -end - 1n;
}

/** A reduction over some axes, all of them where none is named; undefined for an operator that is none. */
export function foldReduction(type: string, x: Tensor, axes: () => readonly number[], result: ValueType): Tensor | undefined {
  if (!Object.hasOwn(x.dtype === 'float32' ? floatReductions : integerReductions, type)) return undefined;
  const over = axes().map((axis) => axisOf(axis, x.shape.length));
  const kept = x.shape.map((extent, i) => (over.length === 0 || over.includes(i) ? 1 : extent));
  if (x.dtype !== 'float32') {
    const rule = integerReductions[type]!;
    const values = new Array<bigint>(sizeOf(kept)).fill(startOf(type, x.dtype));
    everyIndex(x.shape, (at, position) => {
      const group = broadcastPosition(kept, at);
      values[group] = rule(values[group]!, BigInt(x.data[position]!));
    });
    return fromIntegers(result, values);
  }
  const rule = floatReductions[type]!;
  const groups: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  everyIndex(x.shape, (at, position) => groups[broadcastPosition(kept, at)]!.push(x.data[position] as number));
  return fromNumbers(result, Float64Array.from(groups, rule));
}

/** The row-major place of an index, given axis by axis. */
export function positionOf(shape: readonly number[], along: (axis: number) => number): number {
  return shape.reduce((position, extent, axis) => position * extent + along(axis), 0);
}

export function broadcastPosition(shape: readonly number[], at: readonly number[]): number {
  const extra = at.length - shape.length;
  return positionOf(shape, (axis) => (shape[axis] === 1 ? 0 : at[axis + extra]!));
}

/** Calls `each` with all indices of a shape, in row-major order. */
export function everyIndex(shape: readonly number[], each: (at: readonly number[], position: number) => void): void {
  const at = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let position = 0; position < size; position++) {
    each(at, position);
    for (let axis = shape.length - 1; axis >= 0 && ++at[axis]! === shape[axis]; axis--) at[axis] = 0;
  }
}

/** Exact integers as a tensor: of a width that cannot hold them the lowest bits are kept, as machines do. */
export function fromIntegers({ dtype, shape }: ValueType, values: readonly bigint[]): Tensor {
  // A BigInt64Array keeps the lowest bits by itself.
  if (dtype === 'int64') return tensor(dtype, shape, BigInt64Array.from(values));
  if (dtype === 'int32')
    return tensor(
      dtype,
      shape,
      Int32Array.from(values, (value) => Number(BigInt.asIntN(32, value))),
    );
  return fromNumbers({ dtype, shape }, Float64Array.from(values, Number));
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
