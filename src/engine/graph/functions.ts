/**
 * The vocabulary of model code: functions from values to values, each adding one ONNX node (or a few) to the graph that its
 * operands belong to. Plain numbers become float32 constants. Shapes follow numpy's broadcasting, as in ONNX.
 */
import { type DType, float32, int64, type Shape, scalar, sizeOf, tensor } from '../tensor/tensor.js';
import { elementTypes } from './element-types.js';
import { type Attributes, Float, Graph, type Value } from './graph.js';
import type { VectorJacobianProduct } from './value.js';

/** A value, or a number that becomes a constant of the other operand's type. */
export type Operand = Value | number;

function operands(a: Operand, b: Operand): [Value, Value] {
  const graph = innermost([a, b].filter((x): x is Value => typeof x !== 'number'));
  const lift = (x: Operand) => (typeof x === 'number' ? graph.constant(scalar(x)) : x);
  return [lift(a), lift(b)];
}

/** Of the graphs that values belong to, the one that is inside all others: a node on a body's value belongs to the body. */
function innermost(values: readonly Value[]) {
  let graph = values[0]?.graph;
  if (!graph) throw new Error('an operation needs at least one value that is not a number');
  for (const value of values) {
    for (let up = value.graph.parent; up; up = up.parent) if (up === graph) graph = value.graph;
  }
  return graph;
}

function call(type: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
  return innermost(inputs.filter((x): x is Value => x !== undefined)).add1(type, inputs, attributes);
}

const unary = (type: string) => (x: Value) => call(type, [x]);
const binary = (type: string) => (a: Operand, b: Operand) => call(type, operands(a, b));

/** -x (ONNX Neg). */
export const neg = unary('Neg');
/** e^x, element by element (ONNX Exp). */
export const exp = unary('Exp');
/** The natural logarithm (ONNX Log). */
export const log = unary('Log');
/** The square root (ONNX Sqrt). */
export const sqrt = unary('Sqrt');
/** 1 / x (ONNX Reciprocal). */
export const reciprocal = unary('Reciprocal');
/** The hyperbolic tangent (ONNX Tanh). */
export const tanh = unary('Tanh');
/** 1 / (1 + e^-x) (ONNX Sigmoid). */
export const sigmoid = unary('Sigmoid');
/** max(x, 0) (ONNX Relu). */
export const relu = unary('Relu');
/** The Gauss error function (ONNX Erf). */
export const erf = unary('Erf');
/** The absolute value (ONNX Abs). */
export const abs = unary('Abs');
/** -1, 0 or 1 (ONNX Sign). */
export const sign = unary('Sign');
/** The sine, of radians (ONNX Sin). */
export const sin = unary('Sin');
/** The cosine, of radians (ONNX Cos). */
export const cos = unary('Cos');
/** The negation of a bool value (ONNX Not). */
export const not = unary('Not');
/** The same value under another name (ONNX Identity). */
export const identity = unary('Identity');
/** The mean of each channel: (N, C, H, W) -> (N, C, 1, 1) (ONNX GlobalAveragePool). */
export const globalAveragePool = unary('GlobalAveragePool');

/** Gelu with the exact error function (ONNX Gelu, approximate = none). */
export const gelu = unary('Gelu');

/** x * sigmoid(1.702 x), the activation of OpenAI's CLIP. */
export const quickGelu = (x: Value) => call('QuickGelu', [x], { alpha: new Float(1.702) });

/** a * b, with broadcasting (ONNX Mul). */
export const mul = binary('Mul');
/** a - b, with broadcasting (ONNX Sub). */
export const sub = binary('Sub');
/** a / b, with broadcasting; integers are truncated towards 0 (ONNX Div). */
export const div = binary('Div');
/** a to the power of b, with broadcasting (ONNX Pow). */
export const pow = binary('Pow');
/** a < b as bool, with broadcasting (ONNX Less). */
export const less = binary('Less');
/** a > b as bool, with broadcasting (ONNX Greater). */
export const greater = binary('Greater');
/** a = b as bool, with broadcasting (ONNX Equal). */
export const equal = binary('Equal');
/** Both, of bool values, with broadcasting (ONNX And). */
export const and = binary('And');
/** At least one, of bool values, with broadcasting (ONNX Or). */
export const or = binary('Or');
/** The smaller of a and b, with broadcasting (ONNX Min). */
export const minimum = binary('Min');
/** The larger of a and b, with broadcasting (ONNX Max). */
export const maximum = binary('Max');

/** The sum of all its operands. */
export function add(a: Operand, b: Operand, ...more: Operand[]): Value {
  return more.reduce<Value>((sum, x) => call('Add', operands(sum, x)), call('Add', operands(a, b)));
}

/** `condition ? a : b`, element by element. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const lift = (x: Operand) => (typeof x === 'number' ? condition.graph.constant(scalar(x)) : x);
  return call('Where', [condition, lift(a), lift(b)]);
}

/** x as another type (ONNX Cast). */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : call('Cast', [x], { to: elementTypes[dtype] });
}

/** Options of {@link matmul}. */
export interface MatMulOptions {
  /** Swap the last two axes of the first factor. @default false */
  transA?: boolean;
  /** Swap the last two axes of the second factor. @default false */
  transB?: boolean;
  /** Factor on the product. @default 1 */
  alpha?: number;
}

/** Matrix product over the last two axes, with broadcasting of those before: (..., n, k) x (..., k, m) -> (..., n, m). */
export function matmul(a: Value, b: Value, options: MatMulOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1 } = options;
  if (!transA && !transB && alpha === 1) return call('MatMul', [a, b]);
  return call('FusedMatMul', [a, b], { transA: Number(transA), transB: Number(transB), alpha: new Float(alpha) });
}

/** Softmax along an axis, the last by default (ONNX Softmax). */
export function softmax(x: Value, axis = -1): Value {
  return call('Softmax', [x], { axis });
}

/** The logarithm of the softmax along an axis, the last by default (ONNX LogSoftmax). */
export function logSoftmax(x: Value, axis = -1): Value {
  return call('LogSoftmax', [x], { axis });
}

/** Normalises over the last axis. @param scale (d) @param bias (d) */
export function layerNormalization(x: Value, scale: Value, bias?: Value, epsilon = 1e-5): Value {
  return innermost([x, scale]).add('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: new Float(epsilon) })[0] as Value;
}

const ints = (x: Value, values: readonly number[]) => x.graph.constant(int64([values.length], values), 'ints');

/** Options of the reductions. */
export interface ReduceOptions {
  /** Keep the reduced axes with extent 1. @default false */
  keepDims?: boolean;
}

function reduction(type: string) {
  return (x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value =>
    call(type, [x, ints(x, axes ?? x.shape.map((_, i) => i))], { keepdims: Number(options.keepDims ?? false) });
}

/** The sum over these axes, or over all of them (ONNX ReduceSum). */
export const reduceSum = reduction('ReduceSum');
/** The mean over these axes, or over all of them (ONNX ReduceMean). */
export const reduceMean = reduction('ReduceMean');
/** The maximum over these axes, or over all of them (ONNX ReduceMax). */
export const reduceMax = reduction('ReduceMax');

/** Same elements, another shape; one extent may be -1. */
export function reshape(x: Value, shape: Shape): Value {
  const known = sizeOf(shape.filter((extent) => extent !== -1));
  const full = shape.map((extent) => (extent === -1 ? sizeOf(x.shape) / known : extent));
  return full.length === x.shape.length && full.every((extent, i) => extent === x.shape[i])
    ? x
    : call('Reshape', [x, ints(x, full)]);
}

/** Reorders the axes: axis i of the result is axis perm[i] of x. */
export function transpose(x: Value, perm: readonly number[]): Value {
  return perm.every((axis, i) => axis === i) ? x : call('Transpose', [x], { perm });
}

/** Joins values along an axis; all other extents must be equal (ONNX Concat). */
export function concat(values: readonly Value[], axis: number): Value {
  return values.length === 1 ? (values[0] as Value) : call('Concat', values, { axis });
}

/** x[start:end] along one axis; `end` may be beyond the last element. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  return call('Slice', [x, ints(x, [start]), ints(x, [end]), ints(x, [axis])]);
}

/** Cuts x along an axis into parts of these sizes. */
export function split(x: Value, sizes: readonly number[], axis: number): Value[] {
  return x.graph.add('Split', [x, ints(x, sizes)], { axis });
}

/** Rows of `table` along an axis: (.., n, ..) by indices of any shape. */
export function gather(table: Value, indices: Value, axis = 0): Value {
  return call('Gather', [table, indices], { axis });
}

/**
 * Adds update rows (n, d) onto rows of `data` (V, d) at int64 `rows` (n), which may name a row several times.
 *
 * ScatterElements, because it is exact: ONNX Runtime's ScatterND with reduction add loses updates when two threads meet in one
 * row (onnxruntime issue 18048; seen with 1.30).
 */
export function scatterAdd(data: Value, rows: Value, updates: Value): Value {
  const column = reshape(rows, [-1, ...updates.shape.slice(1).map(() => 1)]);
  return call('ScatterElements', [data, expand(column, updates.shape), updates], { axis: 0, reduction: 'add' });
}

/** `data` with other slices: at each of `indices` int64 (..., k), which name the first k axes, stands one of `updates`. No two may meet. */
export function scatterND(data: Value, indices: Value, updates: Value): Value {
  return call('ScatterND', [data, indices, updates]);
}

/** Slices of `x` (whose shape is given) at index tuples int64 (..., k), which name its first k axes. */
export function gatherND(x: Value, at: Value, shape: Shape): Value {
  const covered = shape.slice(0, at.shape.at(-1) as number);
  const strides = covered.map((_, i) => sizeOf(covered.slice(i + 1)));
  const wrapped = where(less(at, ints(x, [0])), add(at, ints(x, covered)), at);
  const places = reduceSum(mul(wrapped, ints(x, strides)), [at.shape.length - 1]);
  return gather(reshape(x, [sizeOf(covered), ...shape.slice(covered.length)]), places);
}

/** Index (int64) of the greatest element along the last axis, the first of equal ones. */
export function argMax(x: Value): Value {
  return call('ArgMax', [x], { axis: -1, keepdims: 0 });
}

/** Broadcasts x to a shape (ONNX Expand). */
export function expand(x: Value, shape: Shape): Value {
  return x.shape.length === shape.length && shape.every((extent, i) => extent === x.shape[i])
    ? x
    : call('Expand', [x, ints(x, shape)]);
}

/** Inserts axes of extent 1 at these positions of the result (ONNX Unsqueeze). */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  return call('Unsqueeze', [x, ints(x, axes)]);
}

/** Removes axes of extent 1 (ONNX Squeeze). */
export function squeeze(x: Value, axes: readonly number[]): Value {
  return call('Squeeze', [x, ints(x, axes)]);
}

/** Options of {@link conv}. */
export interface ConvOptions {
  /** Steps along height and width. @default [1, 1] */
  strides?: readonly [number, number];
  /** top, left, bottom, right. @default no padding */
  pads?: readonly [number, number, number, number];
  /** Distances between the kernel's elements along height and width. @default [1, 1] */
  dilations?: readonly [number, number];
  /** Groups of channels that are convolved separately. @default 1 */
  groups?: number;
}

/** 2-D convolution: x (N, C, H, W), weight (O, C/groups, kh, kw), bias (O). */
export function conv(x: Value, weight: Value, bias?: Value, options: ConvOptions = {}): Value {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], groups = 1 } = options;
  return call('Conv', bias ? [x, weight, bias] : [x, weight], {
    strides,
    pads,
    dilations,
    group: groups,
    kernel_shape: weight.shape.slice(2),
  });
}

/** A float32 constant filled with one number. */
export function filled(like: Value, shape: Shape, value: number): Value {
  return like.graph.constant(float32(shape, new Float32Array(sizeOf(shape)).fill(value)), 'filled');
}

/** A float32 value of zeros that costs no file space: one zero, expanded when the graph runs. */
export function zerosOf(like: Value, shape: Shape): Value {
  return expand(like.graph.constant(scalar(0)), shape);
}

/** Integers as a constant of any shape. */
export function indices(like: Value, shape: Shape, values: readonly number[]): Value {
  return like.graph.constant(tensor('int64', shape, BigInt64Array.from(values, BigInt)), 'indices');
}

/** x / |x| along the last axis; |x|^2 is held above `epsilon`. */
export function l2Normalize(x: Value, epsilon = 1e-12): Value {
  const last = [x.shape.length - 1];
  const squares = reduceSum(mul(x, x), last, { keepDims: true });
  const inverse = reciprocal(sqrt(maximum(squares, epsilon)));
  // The gradient of the whole is less work than that of its parts: (d - y sum(d y)) / |x|, or d / |x| of a vector that is held.
  const byWhole: VectorJacobianProduct = ({ gradients: [d], inputs: [, factor], outputs: [y] }) => {
    const along = reduceSum(mul(d as Value, y as Value), last, { keepDims: true });
    const free = where(greater(squares, epsilon), along, 0);
    return [mul(sub(d as Value, mul(y as Value, free)), factor as Value), undefined];
  };
  return innermost([x]).addTyped('Mul', [x, inverse], {}, [x], byWhole)[0] as Value;
}

/**
 * An ONNX If: computes only what its condition, a bool scalar, asks for.
 *
 * @param inputs what the branches compute from; a branch gets them as values of its own graph
 * @returns as many values as each branch returns; both must return the same shapes
 */
export function ifElse(
  condition: Value,
  inputs: readonly Value[],
  whenTrue: (inputs: Value[]) => readonly Value[],
  whenFalse: (inputs: Value[]) => readonly Value[],
): Value[] {
  const graph = innermost([condition, ...inputs]);
  const branch = (name: string, trace: typeof whenTrue) => {
    const body = new Graph(graph.uniqueName(name), graph);
    for (const value of trace(inputs.map((input) => body.add1('Identity', [input]))))
      body.output(graph.uniqueName(`${name}.out`), value);
    return body;
  };
  const then = branch('then', whenTrue);
  const types = then.outputs.map(({ value }) => value);
  return graph.addTyped('If', [condition], { then_branch: then, else_branch: branch('else', whenFalse) }, types);
}
