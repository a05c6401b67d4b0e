/** Reductions, softmax and normalisations. */
import { sizeOf } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import type { Attributes, Float, Value } from '../graph.js';
import { finite } from '../guards.js';
import { defineOperator, ShapeError, type VjpContext } from '../registry.js';
import { axisOf, constantInts, need, unbroadcast } from './broadcast.js';

function reducedAxes(inputs: readonly (Value | undefined)[], attributes: Attributes): number[] {
  const x = need(inputs, 0);
  const given = inputs[1] ? constantInts(inputs, 1, 'axes') : ((attributes.axes as number[] | undefined) ?? []);
  return (given.length > 0 ? given : x.shape.map((_, i) => i)).map((axis) => axisOf(axis, x.shape.length));
}

type ReductionRule = (d: Value, x: Value, y: Value, count: number, guarded: boolean) => Value;

function defineReduction(type: string, rule?: ReductionRule, readsInfinite = false): void {
  defineOperator(type, {
    readsInfinite,
    infer: (inputs, attributes) => {
      const x = need(inputs, 0);
      const axes = reducedAxes(inputs, attributes);
      const keep = attributes.keepdims !== 0;
      const shape = x.shape.flatMap((extent, i) => (axes.includes(i) ? (keep ? [1] : []) : [extent]));
      return [{ dtype: x.dtype, shape }];
    },
    ...(rule
      ? {
          vjp: ({ gradients: [d], inputs, outputs: [y], attributes, guarded }) => {
            const x = need(inputs, 0);
            const axes = reducedAxes(inputs, attributes);
            const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
            const count = sizeOf(x.shape) / sizeOf(kept);
            return [rule(f.reshape(d as Value, kept), x, f.reshape(y as Value, kept), count, guarded)];
          },
        }
      : {}),
  });
}

defineReduction('ReduceSum', (d, x) => f.expand(d, x.shape));
defineReduction('ReduceMean', (d, x, _y, count) => f.expand(f.mul(d, 1 / count), x.shape));
// A zero vector has no direction: its gradient is 0, as PyTorch has it.
defineReduction('ReduceL2', (d, x, y) => f.mul(x, f.where(f.equal(y, 0), 0, f.div(d, y))));
defineReduction('ReduceL1', (d, x) => f.mul(d, f.sign(x)));
// The product of all others: of a single zero it is not 0.
defineReduction('ReduceProd', (d, x, y) => {
  const axes = x.shape.map((_, i) => i).filter((i) => y.shape[i] !== x.shape[i]);
  const isZero = f.equal(x, 0);
  const zeros = f.cast(isZero, 'float32');
  const counted = axes.length > 0 ? f.reduceSum(zeros, axes, { keepDims: true }) : zeros;
  const safe = f.where(isZero, 1, x);
  const rest = axes.length > 0 ? x.graph.add1('ReduceProd', [safe, f.indices(x, [axes.length], axes)], { keepdims: 1 }) : safe;
  const others = f.where(f.equal(f.sub(counted, zeros), 0), f.div(rest, safe), 0);
  return f.mul(d, others);
});
// Equal maxima (or minima) share the gradient evenly. Among NaN there are none; a masked -inf must not count as a 0.
const sharedByHits: ReductionRule = (d, x, y, _count, guarded) => {
  const hits = f.cast(f.equal(x, y), 'float32');
  const axes = x.shape.map((_, i) => i).filter((i) => y.shape[i] !== x.shape[i]);
  const shared = axes.length > 0 ? f.reduceSum(hits, axes, { keepDims: true }) : hits;
  return f.mul(hits, f.div(d, guarded ? f.maximum(shared, 1) : shared));
};
defineReduction('ReduceMax', sharedByHits, true);
defineReduction('ReduceMin', sharedByHits, true);

for (const type of ['ArgMax', 'ArgMin']) {
  defineOperator(type, {
    infer: ([x], attributes) => {
      const { shape } = need([x], 0);
      const axis = axisOf((attributes.axis as number | undefined) ?? 0, shape.length);
      return [
        { dtype: 'int64', shape: shape.flatMap((extent, i) => (i !== axis ? [extent] : attributes.keepdims === 0 ? [] : [1])) },
      ];
    },
  });
}

// The gradient of a running sum is the running sum of the gradient from the other end.
defineOperator('CumSum', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    axisOf(constantInts(inputs, 1, 'the axis')[0] as number, x.shape.length);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: ({ gradients: [d], inputs: [, axis], attributes }) => {
    const { exclusive = 0, reverse = 0 } = attributes;
    return [(d as Value).graph.add1('CumSum', [d, axis], { exclusive, reverse: reverse === 1 ? 0 : 1 })];
  },
});

function softmaxLike(
  type: string,
  rule: (d: Value, y: Value, axis: number, guarded: boolean) => Value,
  readsInfinite: boolean,
): void {
  const axisFrom = (x: Value, attributes: Attributes) => axisOf((attributes.axis as number | undefined) ?? -1, x.shape.length);
  defineOperator(type, {
    readsInfinite,
    infer: (inputs, attributes) => {
      const x = need(inputs, 0);
      axisFrom(x, attributes);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    vjp: ({ gradients: [d], outputs: [y], attributes, guarded }) => [
      rule(d as Value, y as Value, axisFrom(y as Value, attributes), guarded),
    ],
  });
}

// dx = y (d - sum(d y))
softmaxLike('Softmax', (d, y, axis) => f.mul(y, f.sub(d, f.reduceSum(f.mul(d, y), [axis], { keepDims: true }))), false);
// dx = d - softmax(x) sum(d). What is masked has -inf in y and no share in the softmax.
const logSoftmaxRule = (d: Value, y: Value, axis: number, guarded: boolean) => {
  const p = guarded ? finite(f.exp(y)) : f.exp(y);
  return f.sub(d, f.mul(p, f.reduceSum(d, [axis], { keepDims: true })));
};
softmaxLike('LogSoftmax', logSoftmaxRule, true);

/**
 * y = n s + b with n = (x - mean) r, r = 1 / sqrt(var + eps), over the axes from `axis` on.
 * dn = d s; dx = r (dn - mean(dn) - n mean(dn n)); ds = sum(d n); db = sum(d). (Ba et al., arXiv 1607.06450)
 */
function layerNormVjp({ node, gradients, inputs, outputs, needs, attributes }: VjpContext): (Value | undefined)[] {
  const [x, scale, bias] = [need(inputs, 0), need(inputs, 1), inputs[2]];
  const d = gradients[0] as Value;
  if (gradients[1] || gradients[2])
    throw new ShapeError(`${node.type}: no gradient flows through its mean and deviation outputs.`);
  const axis = axisOf((attributes.axis as number | undefined) ?? -1, x.shape.length);
  const width = sizeOf(x.shape.slice(axis));
  // Row by row, whatever the axes are.
  const asRows = (value: Value) => f.reshape(value, [-1, width]);
  const [mean, inverse] = [outputs[1], outputs[2]].map((value) => f.reshape(value as Value, [-1, 1])) as [Value, Value];
  const [rows, down, factors] = [asRows(x), asRows(d), f.reshape(scale, [width])];
  const normal = f.mul(f.sub(rows, mean), inverse);
  const byProduct = f.mul(down, normal);
  /** The mean of a value times the scale in each row, as one product. */
  const meanOf = (value: Value) => f.matmul(value, f.reshape(scale, [width, 1]), { alpha: 1 / width });
  const byX = () => {
    const apart = f.sub(f.sub(f.mul(down, factors), meanOf(down)), f.mul(normal, meanOf(byProduct)));
    return f.reshape(f.mul(apart, inverse), x.shape);
  };
  return [
    needs(0) ? byX() : undefined,
    needs(1) ? f.reshape(unbroadcast(byProduct, [width]), scale.shape) : undefined,
    bias && needs(2) ? f.reshape(unbroadcast(down, [width]), bias.shape) : undefined,
  ];
}

defineOperator('LayerNormalization', {
  infer: (inputs, attributes) => {
    const [x, scale] = [need(inputs, 0), need(inputs, 1)];
    const axis = axisOf((attributes.axis as number | undefined) ?? -1, x.shape.length);
    const normal = x.shape.slice(axis);
    for (const part of [scale, ...(inputs[2] ? [inputs[2]] : [])]) {
      if (part.shape.join() !== normal.join())
        throw new ShapeError(`scale and bias must be [${normal}], but one is [${part.shape}].`);
    }
    const statistics = { dtype: x.dtype, shape: x.shape.map((extent, i) => (i < axis ? extent : 1)) };
    return [{ dtype: x.dtype, shape: x.shape }, statistics, statistics];
  },
  vjp: layerNormVjp,
});

// In evaluation: running mean m and variance v are given. y = s (x - m) / sqrt(v + eps) + b, per channel (axis 1).
defineOperator('BatchNormalization', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    for (let i = 1; i < 5; i++) {
      const part = need(inputs, i);
      if (part.shape.length !== 1 || part.shape[0] !== x.shape[1])
        throw new ShapeError(`input ${i} must be [${x.shape[1]}], one a channel.`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: ({ gradients, inputs, needs, attributes }) => {
    const [x, scale, , mean, variance] = inputs as [Value, Value, Value, Value, Value];
    const d = gradients[0] as Value;
    const epsilon = (attributes.epsilon as Float | undefined)?.value ?? 1e-5;
    const channel = (value: Value) => f.reshape(value, [1, -1, ...x.shape.slice(2).map(() => 1)]);
    const others = x.shape.map((_, i) => i).filter((i) => i !== 1);
    const inverse = f.reciprocal(f.sqrt(f.add(variance, epsilon)));
    const byVariance = () => {
      const apart = f.reduceSum(f.mul(d, f.sub(x, channel(mean))), others);
      return f.mul(f.mul(apart, scale), f.mul(f.mul(inverse, f.mul(inverse, inverse)), -0.5));
    };
    return [
      needs(0) ? f.mul(d, channel(f.mul(scale, inverse))) : undefined,
      needs(1) ? f.reduceSum(f.mul(d, f.mul(f.sub(x, channel(mean)), channel(inverse))), others) : undefined,
      needs(2) ? f.reduceSum(d, others) : undefined,
      needs(3) ? f.neg(f.mul(f.reduceSum(d, others), f.mul(scale, inverse))) : undefined,
      needs(4) ? byVariance() : undefined,
    ];
  },
});
