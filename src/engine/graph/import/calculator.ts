/** Arithmetic for rules that write an operator with others: each step is computed at once where its inputs are constants. */
import { scalar } from '../../tensor/tensor.js';
import type { Value } from '../graph.js';
import { type Attributes, Float } from '../graph.js';
import type { Call } from './call.js';

type Operand = Value | number;

export type Calculator = ReturnType<typeof calculator>;

export function calculator(call: Call) {
  const { emit1, ints } = call;
  const number = (value: number) => call.graph.constant(scalar(value));
  const lift = (x: Operand) => (typeof x === 'number' ? number(x) : x);
  const one = (type: string) => (x: Value) => emit1(type, [x]);
  const two = (type: string) => (a: Operand, b: Operand) => emit1(type, [lift(a), lift(b)]);
  const reduction =
    (type: string) =>
    (x: Value, axes: readonly number[], keepdims = 1) =>
      emit1(type, [x, ints(axes)], { keepdims });
  const isShape = (x: Value, shape: readonly number[]) => x.shape.join() === shape.join() && x.shape.length === shape.length;
  const reshape = (x: Value, shape: readonly number[]) => (isShape(x, shape) ? x : emit1('Reshape', [x, ints(shape)]));
  return {
    number,
    abs: one('Abs'),
    exp: one('Exp'),
    log: one('Log'),
    sqrt: one('Sqrt'),
    tanh: one('Tanh'),
    sigmoid: one('Sigmoid'),
    reciprocal: one('Reciprocal'),
    add: two('Add'),
    sub: two('Sub'),
    mul: two('Mul'),
    div: two('Div'),
    pow: two('Pow'),
    min: two('Min'),
    max: two('Max'),
    less: two('Less'),
    greater: two('Greater'),
    equal: two('Equal'),
    matmul: two('MatMul'),
    sum: reduction('ReduceSum'),
    mean: reduction('ReduceMean'),
    greatest: reduction('ReduceMax'),
    where: (condition: Value, a: Operand, b: Operand) => emit1('Where', [condition, lift(a), lift(b)]),
    softmax: (x: Value) => emit1('Softmax', [x], { axis: -1 }),
    reshape,
    transpose: (x: Value, perm: readonly number[]) =>
      perm.every((axis, i) => axis === i) ? x : emit1('Transpose', [x], { perm }),
    expand: (x: Value, shape: readonly number[]) => (isShape(x, shape) ? x : emit1('Expand', [x, ints(shape)])),
    slice: (x: Value, axis: number, start: number, end: number) => emit1('Slice', [x, ints([start]), ints([end]), ints([axis])]),
    concat: (parts: readonly Value[], axis: number) => emit1('Concat', parts, { axis }),
    gather: (x: Value, rows: readonly number[], axis: number) => emit1('Gather', [x, ints(rows)], { axis }),
  };
}

/** A float attribute, or what it is without one. */
export function float(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return value instanceof Float ? value.value : otherwise;
}

/** The axes of a value from one on. */
export function axesFrom(x: Value, first: number): number[] {
  return x.shape.map((_, i) => i).slice(first);
}
