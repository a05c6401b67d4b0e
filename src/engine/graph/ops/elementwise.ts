/** Element-wise operators. d is the gradient by the output y. */
import { dtypeOf } from '../element-types.js';
import * as f from '../functions.js';
import type { Float, Value } from '../graph.js';
import { defineOperator, ShapeError } from '../registry.js';
import { broadcastShapes, need, unbroadcast } from './broadcast.js';

type UnaryRule = (d: Value, x: Value, y: Value) => Value;

function defineUnary(type: string, rule?: UnaryRule): void {
  defineOperator(type, {
    infer: (inputs) => {
      const x = need(inputs, 0);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    ...(rule ? { vjp: ({ gradients: [d], inputs: [x], outputs: [y] }) => [rule(d as Value, x as Value, y as Value)] } : {}),
  });
}

/** `value`, which is made of the gradient d; 0 where d is 0, even where the derivative is infinite (see guards.ts). */
const unlessZero = (d: Value, value: Value) => f.where(f.equal(d, 0), d, value);

/** d / x; a constant divisor without zeros needs no care. */
function quotient(d: Value, x: Value): Value {
  const harmless = x.constant?.data.every((value) => value !== 0 && !Number.isNaN(value));
  return harmless ? f.div(d, x) : unlessZero(d, f.div(d, x));
}

defineUnary('Identity', (d) => d);
defineUnary('Neg', (d) => f.neg(d));
defineUnary('Exp', (d, _x, y) => f.mul(d, y));
defineUnary('Log', (d, x) => quotient(d, x));
defineUnary('Sqrt', (d, _x, y) => quotient(f.mul(d, 0.5), y));
defineUnary('Reciprocal', (d, _x, y) => unlessZero(d, f.neg(f.mul(d, f.mul(y, y)))));
defineUnary('Tanh', (d, _x, y) => f.mul(d, f.sub(1, f.mul(y, y))));
defineUnary('Sigmoid', (d, _x, y) => f.mul(d, f.mul(y, f.sub(1, y))));
defineUnary('Relu', (d, _x, y) => f.where(f.greater(y, 0), d, 0));
// 0 at 0, as PyTorch has it.
defineUnary('Abs', (d, x) => f.where(f.greater(x, 0), d, f.where(f.less(x, 0), f.neg(d), 0)));
defineUnary('Sin', (d, x) => f.mul(d, f.cos(x)));
defineUnary('Cos', (d, x) => f.neg(f.mul(d, f.sin(x))));
defineUnary('Erf', (d, x) => f.mul(d, f.mul(f.exp(f.neg(f.mul(x, x))), 2 / Math.sqrt(Math.PI))));
// y = x Phi(x); y' = Phi(x) + x phi(x), with the normal distribution Phi and its density phi. With h = x / sqrt(2) that is
// (1 + erf(h) + 2 h exp(-h^2) / sqrt(pi)) / 2, whose two constant factors are put where they cost no pass of their own.
defineUnary('Gelu', (d, x) => {
  const h = f.mul(x, Math.SQRT1_2);
  const density = f.mul(h, f.exp(f.sub(Math.log(2 / Math.sqrt(Math.PI)), f.mul(h, h))));
  return f.mul(f.mul(d, 0.5), f.add(f.add(f.erf(h), density), 1));
});
defineUnary('Tan', (d, _x, y) => f.mul(d, f.add(f.mul(y, y), 1)));
defineUnary('Asin', (d, x) => quotient(d, f.sqrt(f.sub(1, f.mul(x, x)))));
defineUnary('Acos', (d, x) => f.neg(quotient(d, f.sqrt(f.sub(1, f.mul(x, x))))));
defineUnary('Atan', (d, x) => f.div(d, f.add(f.mul(x, x), 1)));
defineUnary('Sinh', (d, x) => f.mul(d, x.graph.add1('Cosh', [x])));
defineUnary('Cosh', (d, x) => f.mul(d, x.graph.add1('Sinh', [x])));
defineUnary('Asinh', (d, x) => f.div(d, f.sqrt(f.add(f.mul(x, x), 1))));
defineUnary('Acosh', (d, x) => quotient(d, f.sqrt(f.sub(f.mul(x, x), 1))));
defineUnary('Atanh', (d, x) => quotient(d, f.sub(1, f.mul(x, x))));
defineUnary('Softplus', (d, x) => f.mul(d, f.sigmoid(x)));
defineUnary('BitwiseNot');
defineUnary('Not');
// Steps: their gradient is 0 wherever they have one, so that nothing flows back.
for (const type of ['Floor', 'Ceil', 'Round', 'Sign']) {
  defineOperator(type, {
    infer: ([x]) => [{ dtype: need([x], 0).dtype, shape: need([x], 0).shape }],
    vjp: () => [undefined],
  });
}
// y = x / 6 + 1/2 clipped to 0..1, times x; y' = x / 3 + 1/2 in between.
defineUnary('HardSwish', (d, x) => {
  const between = f.mul(d, f.add(f.mul(x, 1 / 3), 0.5));
  return f.where(f.greater(x, -3), f.where(f.less(x, 3), between, d), 0);
});

// y = x s with s = sigmoid(a x); y' = s + a y (1 - s).
defineOperator('QuickGelu', {
  infer: ([x]) => [{ dtype: need([x], 0).dtype, shape: need([x], 0).shape }],
  vjp: ({ gradients: [d], inputs: [x], outputs: [y], attributes }) => {
    const a = (attributes.alpha as Float).value;
    const s = f.sigmoid(f.mul(x as Value, a));
    return [f.mul(d as Value, f.add(s, f.mul(f.mul(y as Value, a), f.sub(1, s))))];
  },
});

// y = a x + b clipped to 0..1.
defineOperator('HardSigmoid', {
  infer: ([x]) => [{ dtype: need([x], 0).dtype, shape: need([x], 0).shape }],
  vjp: ({ gradients: [d], outputs: [y], attributes }) => {
    const slope = (attributes.alpha as Float | undefined)?.value ?? 0.2;
    const between = f.and(f.greater(y as Value, 0), f.less(y as Value, 1));
    return [f.where(between, f.mul(d as Value, slope), 0)];
  },
});

// No gradient flows at the bounds themselves, as with Relu.
defineOperator('Clip', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    for (const bound of inputs.slice(1)) {
      if (bound && (bound.dtype !== x.dtype || bound.shape.length > 0))
        throw new ShapeError(`its bounds must be scalars of its input's dtype, but one is ${bound.dtype}[${bound.shape}].`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: ({ gradients: [d], inputs: [x, low, high], outputs: [y], needs }) => {
    const above = low && f.greater(y as Value, low);
    const below = high && f.less(y as Value, high);
    const inside = above && below ? f.and(above, below) : (above ?? below);
    // The upper bound is applied last: it wins where both are crossed.
    const atHigh = () => f.greater(high && low ? f.maximum(x as Value, low) : (x as Value), high as Value);
    const atLow = () => f.less(x as Value, low as Value);
    const byLow = () => f.where(atLow(), high ? f.where(atHigh(), 0, d as Value) : (d as Value), 0);
    return [
      inside ? f.where(inside, d as Value, 0) : d,
      low && needs(1) ? f.reshape(f.reduceSum(byLow()), []) : undefined,
      high && needs(2) ? f.reshape(f.reduceSum(f.where(atHigh(), d as Value, 0)), []) : undefined,
    ];
  },
});

// In inference, which is all that an imported graph is used for, Dropout passes its input on.
defineOperator('Dropout', {
  infer: ([x]) => [{ dtype: need([x], 0).dtype, shape: need([x], 0).shape }],
  vjp: ({ gradients: [d] }) => [d],
});

type BinaryRule = (d: Value, a: Value, b: Value, y: Value) => [() => Value, () => Value];

function defineBinary(type: string, rule: BinaryRule | undefined, result?: 'bool'): void {
  defineOperator(type, {
    infer: (inputs) => {
      const [a, b] = [need(inputs, 0), need(inputs, 1)];
      if (a.dtype !== b.dtype) throw new ShapeError(`its inputs must be of one dtype, but are ${a.dtype} and ${b.dtype}.`);
      return [{ dtype: result ?? a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
    },
    ...(rule
      ? {
          vjp: ({ gradients: [d], inputs, outputs: [y], needs }) => {
            const [a, b] = inputs as [Value, Value];
            const [byA, byB] = rule(d as Value, a, b, y as Value);
            return [needs(0) ? unbroadcast(byA(), a.shape) : undefined, needs(1) ? unbroadcast(byB(), b.shape) : undefined];
          },
        }
      : {}),
  });
}

defineBinary('Add', (d) => [() => d, () => d]);
defineBinary('Sub', (d) => [() => d, () => f.neg(d)]);
defineBinary('Mul', (d, a, b) => [() => f.mul(d, b), () => f.mul(d, a)]);
defineBinary('Div', (d, _a, b, y) => [() => quotient(d, b), () => unlessZero(d, f.neg(f.div(f.mul(d, y), b)))]);
// By the base, 0 where the exponent is 0; by the exponent, 0 where the base is 0: limits that 0 * infinity would miss.
defineBinary('Pow', (d, a, b, y) => [
  () => {
    if (b.constant?.data.every((x) => x === 2)) return f.mul(d, f.mul(a, 2));
    const slope = f.mul(d, f.mul(b, f.pow(a, f.sub(b, 1))));
    const plain = b.constant?.data.every((x) => (x as number) >= 1);
    return plain ? slope : f.where(f.or(f.equal(d, 0), f.equal(b, 0)), 0, slope);
  },
  () => f.where(f.or(f.equal(d, 0), f.equal(a, 0)), 0, f.mul(d, f.mul(y, f.log(a)))),
]);
// Where both are equal, Min and Max hand the gradient to the second input.
defineBinary('Min', (d, a, b) => [() => f.where(f.less(a, b), d, 0), () => f.where(f.less(a, b), 0, d)]);
defineBinary('Max', (d, a, b) => [() => f.where(f.greater(a, b), d, 0), () => f.where(f.greater(a, b), 0, d)]);
for (const type of ['BitwiseAnd', 'BitwiseOr', 'BitwiseXor']) defineBinary(type, undefined);
// a - b * (how often b fits into a): a step by b.
defineOperator('Mod', {
  infer: (inputs) => {
    const [a, b] = [need(inputs, 0), need(inputs, 1)];
    if (a.dtype !== b.dtype) throw new ShapeError(`its inputs must be of one dtype, but are ${a.dtype} and ${b.dtype}.`);
    return [{ dtype: a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
  },
  vjp: ({ gradients: [d], inputs, outputs: [y], needs }) => {
    const [a, b] = inputs as [Value, Value];
    const times = () => f.div(f.sub(y as Value, a), b);
    return [
      needs(0) ? unbroadcast(d as Value, a.shape) : undefined,
      needs(1) ? unbroadcast(f.mul(d as Value, times()), b.shape) : undefined,
    ];
  },
});
for (const comparison of ['Less', 'Greater', 'LessOrEqual', 'GreaterOrEqual', 'Equal', 'And', 'Or', 'Xor'])
  defineBinary(comparison, undefined, 'bool');

defineOperator('IsInf', { infer: ([x]) => [{ dtype: 'bool', shape: need([x], 0).shape }] });
defineOperator('IsNaN', { infer: ([x]) => [{ dtype: 'bool', shape: need([x], 0).shape }] });

defineOperator('Where', {
  infer: (inputs) => {
    const [condition, a, b] = [need(inputs, 0), need(inputs, 1), need(inputs, 2)];
    if (condition.dtype !== 'bool') throw new ShapeError(`its condition must be bool, but is ${condition.dtype}.`);
    if (a.dtype !== b.dtype) throw new ShapeError(`its branches must be of one dtype, but are ${a.dtype} and ${b.dtype}.`);
    return [{ dtype: a.dtype, shape: broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape)) }];
  },
  vjp: ({ gradients, inputs, needs }) => {
    const [condition, a, b] = inputs as [Value, Value, Value];
    const d = gradients[0] as Value;
    return [
      undefined,
      needs(1) ? unbroadcast(f.where(condition, d, 0), a.shape) : undefined,
      needs(2) ? unbroadcast(f.where(condition, 0, d), b.shape) : undefined,
    ];
  },
});

defineOperator('Cast', {
  infer: (inputs, attributes) => {
    const dtype = dtypeOf(attributes.to);
    if (!dtype) throw new ShapeError(`it casts to the ONNX type ${String(attributes.to)}, which limn does not use.`);
    return [{ dtype, shape: need(inputs, 0).shape }];
  },
  vjp: ({ gradients: [d], inputs: [x] }) => [x?.dtype.startsWith('float') ? f.cast(d as Value, x.dtype) : undefined],
});
