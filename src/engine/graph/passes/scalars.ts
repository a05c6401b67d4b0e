/** Chains of operations with numbers. */
import { add, matmul, mul, neg, sub } from '../functions.js';
import { Float, type Value } from '../graph.js';
import type { Draft, Rule } from './rewrite.js';

/** The number that a value is, where it is one float32 that broadcasts without adding an axis to `beside`. */
function numberOf(value: Value | undefined, beside: Value): number | undefined {
  if (value?.constant?.dtype !== 'float32' || value.constant.data.length !== 1) return undefined;
  return value.shape.length <= beside.shape.length ? (value.constant.data[0] as number) : undefined;
}

/** A value as another one times a number. */
interface Scaled {
  of: Value;
  factor: number;
}

function scaledOf(type: string, inputs: readonly (Value | undefined)[]): Scaled | undefined {
  const [a, b] = inputs as [Value, Value | undefined];
  if (type === 'Neg') return a.dtype === 'float32' ? { of: a, factor: -1 } : undefined;
  if (type !== 'Mul' || !b) return undefined;
  const [left, right] = [numberOf(a, b), numberOf(b, a)];
  if (right !== undefined) return { of: a, factor: right };
  return left === undefined ? undefined : { of: b, factor: left };
}

/** Whether both numbers can be multiplied beforehand: nothing becomes infinite or 0 that would not in two steps. */
function areSafe(a: number, b: number): boolean {
  const size = Math.abs(a * b);
  return a !== 0 && b !== 0 && size > 1e-30 && size < 1e30;
}

const products = new Set(['MatMul', 'FusedMatMul']);

/** `factor` times a value, if that can be a part of the node that computes it. */
function absorbed({ isOnlyRead, graph }: Draft, value: Value, factor: number): Value | undefined {
  const { producer } = value;
  if (!producer || value.graph !== graph || !isOnlyRead(value) || value.dtype !== 'float32') return undefined;
  const { type, inputs, attributes } = producer;
  const [a, b] = inputs as [Value, Value];
  if (products.has(type)) {
    const alpha = attributes.alpha instanceof Float ? attributes.alpha.value : 1;
    if (!areSafe(alpha, factor)) return undefined;
    return matmul(a, b, { transA: attributes.transA === 1, transB: attributes.transB === 1, alpha: alpha * factor });
  }
  const before = scaledOf(type, inputs);
  return before && areSafe(before.factor, factor) ? scaled(before.of, before.factor * factor) : undefined;
}

const scaled = (value: Value, factor: number): Value => (factor === 1 ? value : factor === -1 ? neg(value) : mul(value, factor));

/** (x c) d = x (c d), and c (A B) = (c A) B inside the product; also where another factor stands between, as a mask does. */
export const scalesAtOnce: Rule = (draft) => {
  const { type, inputs, isOnlyRead, graph } = draft;
  const now = scaledOf(type, inputs);
  if (!now) return undefined;
  const direct = absorbed(draft, now.of, now.factor);
  if (direct) return direct;
  const { producer } = now.of;
  if (producer?.type !== 'Mul' || now.of.graph !== graph || !isOnlyRead(now.of)) return undefined;
  const [a, b] = producer.inputs as [Value, Value];
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const inside = absorbed(draft, one, now.factor);
    if (inside) return mul(inside, other);
  }
  return undefined;
};

/** a + -b = a - b, and a - -b = a + b. */
export const signsAtOnce: Rule = ({ type, inputs: [a, b], isOnlyRead, graph }) => {
  if ((type !== 'Add' && type !== 'Sub') || !a || !b || a.dtype !== 'float32') return undefined;
  const negated = (value: Value) =>
    value.producer?.type === 'Neg' && value.graph === graph && isOnlyRead(value) ? value.producer.inputs[0] : undefined;
  const right = negated(b);
  if (right) return type === 'Add' ? sub(a, right) : add(a, right);
  const left = type === 'Add' ? negated(a) : undefined;
  return left && sub(b, left);
};

/** (x + c) + d = x + (c + d) for numbers of one sign: of two, the first may be there to be lost or to be exact. */
export const shiftsAtOnce: Rule = ({ type, inputs, isOnlyRead, graph }) => {
  const now = type === 'Add' ? shiftOf(inputs) : undefined;
  if (now?.of.producer?.type !== 'Add' || now.of.graph !== graph || !isOnlyRead(now.of)) return undefined;
  const before = shiftOf(now.of.producer.inputs);
  return before && before.by * now.by > 0 ? add(before.of, before.by + now.by) : undefined;
};

function shiftOf(inputs: readonly (Value | undefined)[]): { of: Value; by: number } | undefined {
  const [a, b] = inputs as [Value, Value];
  const [left, right] = [numberOf(a, b), numberOf(b, a)];
  if (right !== undefined) return { of: a, by: right };
  return left === undefined ? undefined : { of: b, by: left };
}
