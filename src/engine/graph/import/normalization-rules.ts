/** Normalisations, those of ONNX Runtime's optimizer too. */
import { float32, sizeOf } from '../../tensor/tensor.js';
import { Float, type Value } from '../graph.js';
import { axisOf, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { axesFrom, calculator, float } from './calculator.js';
import { type Call, type ImportRule, int } from './call.js';

/** (x - mean) / sqrt(variance + eps) over some axes. */
function standardized(call: Call, x: Value, axes: readonly number[], epsilon: number): Value {
  const c = calculator(call);
  const apart = c.sub(x, c.mean(x, axes));
  return c.mul(apart, c.reciprocal(c.sqrt(c.add(c.mean(c.mul(apart, apart), axes), epsilon))));
}

/** A value for each channel (axis 1), for a tensor of a rank. */
function perChannel(call: Call, value: Value, rank: number): Value {
  return calculator(call).reshape(value, [1, sizeOf(value.shape), ...Array<number>(rank - 2).fill(1)]);
}

interface LayerNormParts {
  scale: Value;
  bias: Value | undefined;
  /** The first of the axes. */
  axis: number;
  epsilon: number;
}

/** LayerNormalization, whose scale and bias may also repeat over the normalised axes. */
function layerNorm(call: Call, x: Value, { scale, bias, axis, epsilon }: LayerNormParts) {
  const first = axisOf(axis, x.shape.length);
  const normal = x.shape.slice(first);
  const c = calculator(call);
  const fits = (part: Value) => part.shape.join() === normal.join();
  const spread = (part: Value) => (part.shape.length <= normal.length ? c.expand(part, normal) : part);
  const [wide, added] = [spread(scale), bias && spread(bias)];
  if (fits(wide) && (!added || fits(added)))
    return call.emit('LayerNormalization', [x, wide, added], { axis: first, epsilon: new Float(epsilon) });
  const y = c.mul(standardized(call, x, axesFrom(x, first), epsilon), scale);
  return [bias ? c.add(y, bias) : y];
}

/** x / sqrt(mean(x^2) + eps) * scale, and the factor that it was multiplied by. */
function rmsNorm(call: Call, x: Value, scale: Value, axis: number, epsilon: number): [Value, Value] {
  const c = calculator(call);
  const axes = axesFrom(x, axisOf(axis, x.shape.length));
  const factor = c.reciprocal(c.sqrt(c.add(c.mean(c.mul(x, x), axes), epsilon)));
  return [c.mul(c.mul(x, factor), scale), factor];
}

const rms: ImportRule = (call) =>
  rmsNorm(
    call,
    need(call.inputs, 0),
    need(call.inputs, 1),
    int(call.attributes, 'axis', -1),
    float(call.attributes, 'epsilon', 1e-5),
  );

/** Adds x, what skips a layer and a bias, and normalises the sum; the fourth output is the sum. */
const skipNorm =
  (simplified: boolean): ImportRule =>
  (call) => {
    const c = calculator(call);
    const [x, skip, scale, ...rest] = call.inputs as (Value | undefined)[];
    const [bias, added] = simplified ? [undefined, rest[0]] : [rest[0], rest[1]];
    const epsilon = float(call.attributes, 'epsilon', 1e-5);
    const both = c.add(x as Value, skip as Value);
    const sum = added ? c.add(both, added) : both;
    if (simplified) {
      const [y, factor] = rmsNorm(call, sum, scale as Value, -1, epsilon);
      return [y, undefined, factor, sum];
    }
    const [y, mean, inverse] = layerNorm(call, sum, { scale: scale as Value, bias, axis: -1, epsilon });
    return [y, mean, inverse, sum];
  };

const groupNorm: ImportRule = (call) => {
  const c = calculator(call);
  const [x, scale, bias] = [need(call.inputs, 0), need(call.inputs, 1), need(call.inputs, 2)];
  const groups = int(call.attributes, 'num_groups', 0);
  const [n, channels] = x.shape as [number, number];
  if (!(groups > 0) || channels % groups !== 0) throw new ShapeError(`${groups} groups do not divide ${channels} channels.`);
  const rows = c.reshape(x, [n, groups, sizeOf(x.shape.slice(1)) / groups]);
  const y = c.reshape(standardized(call, rows, [2], float(call.attributes, 'epsilon', 1e-5)), x.shape);
  // Before opset 21 there was one scale a group.
  const each = (part: Value) =>
    sizeOf(part.shape) === channels
      ? part
      : c.reshape(c.expand(c.reshape(part, [groups, 1]), [groups, channels / groups]), [channels]);
  return [c.add(c.mul(y, perChannel(call, each(scale), x.shape.length)), perChannel(call, each(bias), x.shape.length))];
};

export const normalizationRules: Readonly<Record<string, ImportRule>> = {
  LayerNormalization: (call) =>
    layerNorm(call, need(call.inputs, 0), {
      scale: need(call.inputs, 1),
      bias: call.inputs[2],
      axis: int(call.attributes, 'axis', -1),
      epsilon: float(call.attributes, 'epsilon', 1e-5),
    }),
  RMSNormalization: rms,
  // ONNX Runtime's optimizer writes it without a domain.
  SimplifiedLayerNormalization: (call) => {
    const [y, factor] = rms(call);
    return [y, factor];
  },
  'com.microsoft.SkipLayerNormalization': skipNorm(false),
  'com.microsoft.SkipSimplifiedLayerNormalization': skipNorm(true),
  GroupNormalization: groupNorm,
  InstanceNormalization: (call) => {
    const c = calculator(call);
    const x = need(call.inputs, 0);
    const y = standardized(call, x, axesFrom(x, 2), float(call.attributes, 'epsilon', 1e-5));
    const [scale, bias] = [1, 2].map((i) => perChannel(call, need(call.inputs, i), x.shape.length)) as [Value, Value];
    return [c.add(c.mul(y, scale), bias)];
  },
  MeanVarianceNormalization: (call) => {
    const c = calculator(call);
    const x = need(call.inputs, 0);
    const axes = (call.attributes.axes as number[] | undefined) ?? [0, 2, 3];
    const apart = c.sub(x, c.mean(x, axes));
    return [c.div(apart, c.add(c.sqrt(c.mean(c.mul(apart, apart), axes)), 1e-9))];
  },
  LpNormalization: (call) => {
    const c = calculator(call);
    const x = need(call.inputs, 0);
    const axis = axisOf(int(call.attributes, 'axis', -1), x.shape.length);
    const type = int(call.attributes, 'p', 2) === 1 ? 'ReduceL1' : 'ReduceL2';
    const norm = call.emit1(type, [x, call.ints([axis])], { keepdims: 1 });
    return [c.where(c.equal(norm, 0), 0, c.div(x, norm))];
  },
  // Over neighbouring channels: their mean with zeros beyond the ends is a pooling along axis 1.
  LRN: (call) => {
    const c = calculator(call);
    const x = need(call.inputs, 0);
    const [n, channels] = x.shape as [number, number];
    const size = int(call.attributes, 'size', 1);
    const before = Math.floor((size - 1) / 2);
    const rows = c.reshape(c.mul(x, x), [n, 1, channels, sizeOf(x.shape.slice(2))]);
    const means = call.emit1('AveragePool', [rows], {
      kernel_shape: [size, 1],
      strides: [1, 1],
      pads: [before, 0, size - 1 - before, 0],
      count_include_pad: 1,
    });
    const { attributes } = call;
    const base = c.add(c.mul(c.reshape(means, x.shape), float(attributes, 'alpha', 1e-4)), float(attributes, 'bias', 1));
    return [c.mul(x, c.pow(base, -float(attributes, 'beta', 0.75)))];
  },
  'com.microsoft.EmbedLayerNormalization': (call) => {
    const c = calculator(call);
    const [ids, segments, words, positions, kinds, scale, bias, mask, places] = call.inputs as (Value | undefined)[];
    const length = (ids as Value).shape[1] as number;
    const at = places ?? call.ints(Array.from({ length }, (_, i) => i));
    const take = (table: Value, rows: Value) => call.emit1('Gather', [table, rows], { axis: 0 });
    const parts = [take(words as Value, ids as Value), take(positions as Value, at)];
    if (segments && kinds) parts.push(take(kinds, segments));
    const sum = parts.reduce((a, b) => c.add(a, b));
    const epsilon = float(call.attributes, 'epsilon', 1e-12);
    const y = layerNorm(call, sum, { scale: scale as Value, bias, axis: -1, epsilon })[0];
    const seen = mask && call.emit1('ReduceSum', [mask, call.ints([1])], { keepdims: 0 });
    const none = () =>
      call.emit1(
        'Cast',
        [call.graph.constant(float32([(ids as Value).shape[0] as number], new Float32Array((ids as Value).shape[0] as number)))],
        { to: 6 },
      );
    return [y, seen ?? none(), sum];
  },
};
