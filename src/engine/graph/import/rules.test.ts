/** Every rule of an import against ONNX Runtime on the same file: with its inputs fed, and with them constant and folded. */
import { describe, expect, test } from 'vitest';
import { relativeError } from '../../../../test/fixtures/fixture.js';
import { Random } from '../../../core/random.js';
import { float32, int64, type Tensor, tensor } from '../../tensor/tensor.js';
import { type Attributes, Float, Graph, readModel, type Value } from '../index.js';
import { gradientError, openGraph, openGraphFile, randomTensor } from '../testing/evaluate.js';
import { onnxFile } from '../testing/onnx-file.js';
import { rules } from './rules.js';

interface Case {
  type: string;
  opset: number;
  /** The first is fed (and, for folding, constant); the others are initializers. An empty one is left out. */
  inputs: (Tensor | undefined)[];
  attributes?: Attributes;
  outputs?: number;
  domain?: string;
  /** What the case is about, where type and opset do not tell. */
  about?: string;
  /** Its gradient is not compared: a step or an edge is within reach of the differences. */
  edges?: true;
}

const random = new Random(7);
const x = (...shape: number[]) => randomTensor(random, shape, -2, 2);
const positive = (...shape: number[]) => randomTensor(random, shape, 0.5, 2);
const near = (...shape: number[]) => randomTensor(random, shape, -0.8, 0.8);
const ints = (...values: number[]) => int64([values.length], values);
const bools = (...values: number[]) => tensor('bool', [values.length], Uint8Array.from(values));
const scalar = (value: number) => float32([], [value]);
const largest = tensor('int64', [1], BigInt64Array.of(2n ** 63n - 1n));
const floats = (...values: number[]) => values.map((value) => new Float(value));

const unary = (
  'Abs Ceil Celu Cos Cosh Elu Erf Exp Floor HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Neg Relu Round Selu Sigmoid Sign ' +
  'Sin Sinh Softplus Softsign Tanh ThresholdedRelu'
).split(' ');
const binary = 'Add Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mul Sub Sum'.split(' ');

const resizeModes: Attributes[] = [
  ...['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel', 'half_pixel_symmetric'].flatMap(
    (coordinate_transformation_mode) => [
      { coordinate_transformation_mode, mode: 'linear' },
      { coordinate_transformation_mode, mode: 'cubic' },
      { coordinate_transformation_mode, mode: 'nearest', nearest_mode: 'floor' },
    ],
  ),
  { mode: 'nearest', nearest_mode: 'ceil' },
  { mode: 'nearest', nearest_mode: 'round_prefer_ceil' },
  { mode: 'nearest' },
  { mode: 'cubic', cubic_coeff_a: new Float(-0.5), exclude_outside: 1 },
  { mode: 'linear', antialias: 1 },
  { mode: 'cubic', antialias: 1 },
];
const none = float32([0], []);
/** Larger and smaller, by sizes and by scales, and as it is. */
const resizes: Case[] = [
  ...resizeModes.flatMap((attributes) =>
    [
      [5, 3],
      [7, 9],
    ].map((sizes) => ({ type: 'Resize', opset: 19, inputs: [x(1, 2, 5, 6), none, none, ints(1, 2, ...sizes)], attributes })),
  ),
  { type: 'Resize', opset: 13, inputs: [x(1, 2, 4, 3), none, float32([4], [1, 1, 1.5, 0.7])], attributes: { mode: 'linear' } },
  { type: 'Resize', opset: 10, inputs: [x(1, 2, 4, 3), float32([4], [1, 1, 2, 2])] },
  { type: 'Resize', opset: 10, inputs: [x(1, 2, 5, 6), float32([4], [1, 1, 0.6, 2 / 3])] },
  // Scales whose products and quotients are whole numbers in float32 alone.
  ...['linear', 'nearest'].map((mode) => ({
    type: 'Resize',
    opset: 13,
    inputs: [x(1, 2, 7, 9), none, float32([4], [1, 1, 9 / 7, 1 / 3])],
    attributes: { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  })),
  {
    type: 'Resize',
    opset: 18,
    inputs: [x(1, 2, 4, 6), none, none, ints(3, 3)],
    attributes: { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger', mode: 'linear' },
  },
];

const cases: Case[] = [
  ...unary.map((type) => ({ type, opset: 17, inputs: [x(2, 3)] })),
  ...['Asin', 'Acos', 'Atan', 'Atanh', 'Tan'].map((type) => ({ type, opset: 17, inputs: [near(2, 3)] })),
  ...['Asinh', 'Mish'].map((type) => ({ type, opset: 18, inputs: [x(2, 3)] })),
  { type: 'Acosh', opset: 17, inputs: [randomTensor(random, [2, 3], 1.5, 3)] },
  { type: 'Elu', opset: 17, inputs: [x(7)], attributes: { alpha: new Float(0.7) } },
  { type: 'Celu', opset: 17, inputs: [x(7)], attributes: { alpha: new Float(0.7) } },
  {
    type: 'Selu',
    opset: 17,
    inputs: [float32([4], [-2, -0.1, 0.2, 1.5])],
    attributes: { alpha: new Float(1.2), gamma: new Float(0.9) },
  },
  { type: 'LeakyRelu', opset: 17, inputs: [x(7)], attributes: { alpha: new Float(0.3) } },
  { type: 'ThresholdedRelu', opset: 17, inputs: [x(7)], attributes: { alpha: new Float(0.3) } },
  {
    type: 'Shrink',
    opset: 17,
    inputs: [float32([4], [-2, -0.1, 0.2, 1.5])],
    attributes: { lambd: new Float(0.4), bias: new Float(0.1) },
  },
  { type: 'Shrink', opset: 17, inputs: [float32([4], [-2, -0.1, 0.2, 1.5])] },
  { type: 'Swish', opset: 24, inputs: [x(2, 3)], attributes: { alpha: new Float(1.3) } },
  { type: 'ReduceProd', opset: 18, inputs: [float32([2, 3], [1, 0, 2, 0, 3, 0]), ints(1)], about: 'with zeros' },
  { type: 'PRelu', opset: 17, inputs: [x(2, 3, 2), x(3, 1)] },
  { type: 'Hardmax', opset: 13, inputs: [x(2, 3, 4)], attributes: { axis: 1 } },
  { type: 'Hardmax', opset: 11, inputs: [x(2, 3, 4)] },
  ...['Xor'].map((type) => ({ type, opset: 17, inputs: [bools(0, 1, 1, 0), bools(0, 0, 1, 1)] })),
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].map((type) => ({ type, opset: 18, inputs: [ints(12, -7), ints(10, 3)] })),
  { type: 'BitwiseNot', opset: 18, inputs: [ints(5, -1)] },
  { type: 'Mean', opset: 13, inputs: [x(3), x(2, 3), x(1)] },
  { type: 'CumSum', opset: 17, inputs: [x(2, 3), int64([], [1])] },
  { type: 'CumSum', opset: 17, inputs: [x(4, 2), int64([], [-2])], attributes: { exclusive: 1, reverse: 1 } },
  { type: 'CumSum', opset: 17, inputs: [ints(1, 0, 1, 1), int64([], [0])], about: 'of integers' },
  { type: 'FastGelu', opset: 17, inputs: [x(2, 3), x(3)], domain: 'com.microsoft' },
  { type: 'BiasGelu', opset: 17, inputs: [x(2, 3), x(3)], domain: 'com.microsoft' },
  { type: 'MatMul', opset: 17, inputs: [x(2, 3, 4), x(4)], about: 'by a vector' },
  { type: 'MatMul', opset: 17, inputs: [x(4), x(2, 4, 3)], about: 'of a vector' },
  { type: 'MatMul', opset: 17, inputs: [x(4), x(4)], about: 'of vectors' },
  {
    type: 'FusedGemm',
    opset: 17,
    inputs: [x(2, 3), x(3, 4), x(4)],
    domain: 'com.microsoft',
    attributes: { activation: 'LeakyRelu', activation_alpha: new Float(0.2) },
  },
  ...['Tanh', 'Relu', 'Sigmoid'].map((activation) => ({
    type: 'FusedConv',
    opset: 17,
    inputs: [x(1, 2, 5, 4), x(3, 2, 3, 3), x(3), x(1, 3, 3, 2)],
    domain: 'com.microsoft',
    attributes: { activation, kernel_shape: [3, 3], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 },
  })),
  { type: 'Einsum', opset: 17, inputs: [x(2, 3, 4), x(2, 4, 5)], attributes: { equation: 'bij,bjk->bik' } },
  { type: 'Einsum', opset: 17, inputs: [x(2, 3, 4, 5), x(2, 6, 4, 5)], attributes: { equation: 'bqhd,bkhd->bhqk' } },
  { type: 'Einsum', opset: 17, inputs: [x(3, 4), x(4, 5), x(5)], attributes: { equation: 'ij,jk,k' } },
  { type: 'Einsum', opset: 17, inputs: [x(2, 3, 4)], attributes: { equation: '...ij -> ...ji' } },
  { type: 'Einsum', opset: 17, inputs: [x(2, 1, 3), x(1, 4, 3)], attributes: { equation: '...d,...d->...' } },
  { type: 'RMSNormalization', opset: 23, inputs: [x(2, 3, 4), x(4)], attributes: { epsilon: new Float(1e-3) } },
  { type: 'RMSNormalization', opset: 23, inputs: [x(2, 3, 4), x(3, 4)], attributes: { axis: 1 } },
  {
    type: 'SimplifiedLayerNormalization',
    opset: 17,
    inputs: [x(2, 3, 4), x(4)],
    attributes: { axis: -1, epsilon: new Float(1e-3) },
  },
  {
    type: 'SkipLayerNormalization',
    opset: 17,
    inputs: [x(2, 3, 4), x(2, 3, 4), x(4), x(4), x(4)],
    domain: 'com.microsoft',
    attributes: { epsilon: new Float(1e-3) },
  },
  {
    type: 'SkipSimplifiedLayerNormalization',
    opset: 17,
    inputs: [x(2, 3, 4), x(2, 3, 4), x(4)],
    domain: 'com.microsoft',
    attributes: { epsilon: new Float(1e-3) },
  },
  {
    type: 'EmbedLayerNormalization',
    opset: 17,
    inputs: [
      tensor('int32', [2, 3], Int32Array.of(1, 2, 0, 3, 1, 1)),
      tensor('int32', [2, 3], Int32Array.of(0, 0, 1, 1, 1, 0)),
      x(4, 6),
      x(5, 6),
      x(2, 6),
      x(6),
      x(6),
    ],
    domain: 'com.microsoft',
    attributes: { epsilon: new Float(1e-5) },
    outputs: 2,
  },
  {
    type: 'LayerNormalization',
    opset: 17,
    inputs: [x(2, 3, 4), x(4)],
    attributes: { axis: 1 },
    about: 'with a scale that repeats',
  },
  { type: 'GroupNormalization', opset: 21, inputs: [x(2, 4, 3, 2), x(4), x(4)], attributes: { num_groups: 2 } },
  { type: 'InstanceNormalization', opset: 17, inputs: [x(2, 3, 4, 2), x(3), x(3)] },
  { type: 'MeanVarianceNormalization', opset: 13, inputs: [x(2, 3, 4, 2)] },
  { type: 'LpNormalization', opset: 17, inputs: [x(3, 4)], attributes: { axis: 0, p: 1 } },
  { type: 'LpNormalization', opset: 17, inputs: [x(3, 4)] },
  { type: 'LRN', opset: 17, inputs: [x(2, 5, 3, 2)], attributes: { size: 3, alpha: new Float(0.3) } },
  ...['ReduceL1', 'ReduceLogSumExp'].flatMap((type) => [
    { type, opset: 11, inputs: [x(2, 3, 4)], attributes: { axes: [1, -1], keepdims: 0 } },
    { type, opset: 18, inputs: [x(2, 3, 4), ints(-2)] },
  ]),
  { type: 'ReduceLogSum', opset: 18, inputs: [positive(2, 3, 4), ints(-2)] },
  { type: 'ArgMin', opset: 17, inputs: [x(3, 4)], attributes: { axis: 1, keepdims: 0 } },
  { type: 'Conv', opset: 17, inputs: [x(1, 2, 7), x(3, 2, 3), x(3)], attributes: { strides: [2], pads: [1, 0], dilations: [2] } },
  { type: 'Conv', opset: 17, inputs: [x(1, 4, 7), x(4, 2, 3)], attributes: { auto_pad: 'SAME_UPPER', group: 2 } },
  {
    type: 'ConvTranspose',
    opset: 17,
    inputs: [x(1, 2, 3, 4), x(2, 3, 3, 2), x(3)],
    attributes: { strides: [2, 1], pads: [1, 0, 0, 1], output_padding: [1, 0] },
  },
  { type: 'ConvTranspose', opset: 17, inputs: [x(1, 4, 3, 4), x(4, 3, 3, 3)], attributes: { group: 2, dilations: [2, 1] } },
  { type: 'ConvTranspose', opset: 17, inputs: [x(1, 2, 4), x(2, 3, 3)], attributes: { strides: [2] } },
  {
    type: 'ConvTranspose',
    opset: 17,
    inputs: [x(1, 2, 3, 3), x(2, 1, 3, 3)],
    attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' },
  },
  ...[0, 1].flatMap((count_include_pad) =>
    [
      [2, 2],
      [3, 3],
    ].map((strides) => ({
      type: 'AveragePool',
      opset: 19,
      inputs: [x(1, 2, 6, 7)],
      attributes: { kernel_shape: [3, 3], strides, pads: [1, 1, 1, 1], ceil_mode: 1, count_include_pad },
    })),
  ),
  { type: 'AveragePool', opset: 17, inputs: [x(1, 2, 7)], attributes: { kernel_shape: [3], strides: [2], pads: [1, 1] } },
  {
    type: 'MaxPool',
    opset: 17,
    inputs: [x(1, 2, 7)],
    attributes: { kernel_shape: [3], strides: [2], ceil_mode: 1 },
    edges: true,
  },
  ...[2, 3].map((stride) => ({
    type: 'MaxPool',
    opset: 17,
    inputs: [x(1, 2, 6, 7)],
    attributes: { kernel_shape: [3, 3], strides: [stride, stride], pads: [1, 1, 1, 1], ceil_mode: 1 },
    edges: true as const,
  })),
  { type: 'LpPool', opset: 18, inputs: [x(1, 2, 5, 4)], attributes: { kernel_shape: [2, 3], pads: [0, 1, 1, 0] } },
  { type: 'LpPool', opset: 18, inputs: [positive(1, 2, 5)], attributes: { kernel_shape: [2], p: 3 } },
  ...[1, 2, 3].map((p) => ({ type: 'GlobalLpPool', opset: 17, inputs: [x(2, 3, 4, 5)], attributes: { p } })),
  ...resizes,
  { type: 'Upsample', opset: 9, inputs: [x(1, 2, 2, 3), float32([4], [1, 1, 2, 3])] },
  { type: 'Upsample', opset: 9, inputs: [x(1, 2, 2, 3), float32([4], [1, 1, 2, 2])], attributes: { mode: 'linear' } },
  {
    type: 'RotaryEmbedding',
    opset: 23,
    inputs: [x(2, 3, 4, 6), x(5, 3), x(5, 3), int64([2, 4], [0, 1, 2, 3, 1, 2, 3, 4])],
  },
  {
    type: 'RotaryEmbedding',
    opset: 23,
    inputs: [x(2, 3, 12), x(2, 3, 2), x(2, 3, 2)],
    attributes: { num_heads: 2, interleaved: 1, rotary_embedding_dim: 4 },
  },
  {
    type: 'RotaryEmbedding',
    opset: 17,
    inputs: [x(2, 3, 12), int64([2, 3], [0, 1, 2, 2, 3, 4]), x(5, 3), x(5, 3)],
    domain: 'com.microsoft',
  },
  {
    type: 'RotaryEmbedding',
    opset: 17,
    inputs: [x(2, 3, 4, 6), int64([1], [1]), x(8, 3), x(8, 3)],
    domain: 'com.microsoft',
    attributes: { interleaved: 1 },
  },
  { type: 'Attention', opset: 23, inputs: [x(2, 3, 4, 6), x(2, 3, 5, 6), x(2, 3, 5, 4)] },
  {
    type: 'Attention',
    opset: 23,
    inputs: [x(2, 4, 12), x(2, 5, 6), x(2, 5, 6), x(4, 5)],
    attributes: { q_num_heads: 4, kv_num_heads: 2, scale: new Float(0.4), softcap: new Float(2) },
  },
  { type: 'Attention', opset: 23, inputs: [x(1, 2, 4, 3), x(1, 2, 4, 3), x(1, 2, 4, 3)], attributes: { is_causal: 1 } },
  {
    type: 'Attention',
    opset: 23,
    inputs: [x(1, 2, 2, 3), x(1, 2, 3, 3), x(1, 2, 3, 3), tensor('bool', [2, 3], Uint8Array.of(1, 0, 1, 1, 1, 0))],
  },
  {
    type: 'Attention',
    opset: 17,
    inputs: [x(2, 3, 4), x(4, 24), x(24), tensor('int32', [2, 3], Int32Array.of(1, 1, 0, 1, 1, 1))],
    domain: 'com.microsoft',
    attributes: { num_heads: 2 },
  },
  {
    type: 'Attention',
    opset: 17,
    inputs: [x(2, 3, 4), x(4, 24), x(24), tensor('int32', [2], Int32Array.of(2, 3))],
    domain: 'com.microsoft',
    attributes: { num_heads: 2 },
  },
  {
    type: 'Attention',
    opset: 17,
    inputs: [x(2, 3, 4), x(4, 24), x(24)],
    domain: 'com.microsoft',
    attributes: { num_heads: 2, unidirectional: 1 },
  },
  {
    type: 'MultiHeadAttention',
    opset: 17,
    inputs: [x(2, 3, 8), x(2, 4, 8), x(2, 4, 8), x(24)],
    domain: 'com.microsoft',
    attributes: { num_heads: 2 },
  },
  {
    type: 'MultiHeadAttention',
    opset: 17,
    inputs: [x(2, 3, 8), x(2, 4, 8), x(2, 4, 8), undefined, tensor('int32', [2, 4], Int32Array.of(1, 1, 1, 0, 1, 1, 1, 1))],
    domain: 'com.microsoft',
    attributes: { num_heads: 2 },
  },
  ...['edge', 'reflect', 'wrap'].map((mode) => ({
    type: 'Pad',
    opset: 19,
    inputs: [x(3, 4), ints(1, 2, 2, 3)],
    attributes: { mode },
  })),
  { type: 'Pad', opset: 17, inputs: [x(3, 4), ints(-1, 2, 0, -1), scalar(3)], about: 'that takes away' },
  { type: 'OneHot', opset: 17, inputs: [ints(1, -1, 0), int64([], [3]), float32([2], [-1, 4])] },
  { type: 'OneHot', opset: 17, inputs: [ints(1, 2), int64([], [3]), float32([2], [0, 1])], attributes: { axis: 0 } },
  { type: 'EyeLike', opset: 17, inputs: [x(3, 4)], attributes: { k: 1 } },
  { type: 'NonZero', opset: 17, inputs: [int64([2, 2], [1, 0, 2, 3])] },
  { type: 'Compress', opset: 17, inputs: [x(3, 2), bools(0, 1, 1)], attributes: { axis: 0 } },
  { type: 'Compress', opset: 17, inputs: [x(3, 2), bools(0, 1, 1, 0, 1)] },
  { type: 'DepthToSpace', opset: 17, inputs: [x(1, 8, 2, 3)], attributes: { blocksize: 2 } },
  { type: 'DepthToSpace', opset: 17, inputs: [x(1, 8, 2, 3)], attributes: { blocksize: 2, mode: 'CRD' } },
  { type: 'SpaceToDepth', opset: 17, inputs: [x(1, 2, 4, 6)], attributes: { blocksize: 2 } },
  { type: 'CenterCropPad', opset: 18, inputs: [x(5, 2, 3), ints(2, 4)], attributes: { axes: [0, -1] } },
  { type: 'ReverseSequence', opset: 17, inputs: [x(4, 3), ints(1, 3, 4)] },
  { type: 'Scatter', opset: 9, inputs: [x(3, 2), int64([1, 2], [2, 0]), x(1, 2)] },
  {
    type: 'ScatterElements',
    opset: 18,
    inputs: [x(3, 2), int64([2, 2], [2, 0, 2, 1]), x(2, 2)],
    attributes: { reduction: 'add' },
  },
  ...['Log', 'Reciprocal', 'Sqrt'].map((type) => ({ type, opset: 17, inputs: [positive(2, 3)] })),
  ...binary.map((type) => ({ type, opset: 17, inputs: [x(2, 1, 3), x(4, 1)] })),
  ...['Add', 'Div', 'Mul', 'Sub', 'Max', 'Equal', 'Less'].map((type) => ({
    type,
    opset: 17,
    inputs: [ints(7, -7, 5), ints(2, 2, 5)],
    about: 'of integers',
  })),
  ...['Sum', 'Max', 'Min'].map((type) => ({ type, opset: 13, inputs: [x(3), x(2, 3), x(1)], about: 'of three' })),
  ...['And', 'Or'].map((type) => ({ type, opset: 17, inputs: [bools(0, 1, 1, 0), bools(0, 0, 1, 1)] })),
  { type: 'Not', opset: 17, inputs: [bools(0, 1)] },
  { type: 'Mod', opset: 17, inputs: [ints(7, -7, 7, -7), ints(3, 3, -3, -3)] },
  { type: 'Mod', opset: 17, inputs: [x(5), positive(5)], attributes: { fmod: 1 } },
  { type: 'Pow', opset: 17, inputs: [positive(3), scalar(1.5)] },
  { type: 'Pow', opset: 17, inputs: [x(3), int64([], [2])], about: 'with an integer exponent' },
  { type: 'Where', opset: 17, inputs: [bools(1, 0), x(3, 2), scalar(4)] },
  { type: 'HardSigmoid', opset: 17, inputs: [x(6)], attributes: { alpha: new Float(0.4), beta: new Float(0.3) } },
  { type: 'Clip', opset: 7, inputs: [x(6)], attributes: { min: new Float(-0.5), max: new Float(1) } },
  { type: 'Clip', opset: 13, inputs: [x(6), scalar(-0.5), undefined] },
  { type: 'Clip', opset: 13, inputs: [x(6), undefined, scalar(0.5)] },
  { type: 'Cast', opset: 17, inputs: [x(6)], attributes: { to: 7 } },
  { type: 'Cast', opset: 17, inputs: [ints(0, 3)], attributes: { to: 9 } },
  { type: 'CastLike', opset: 17, inputs: [ints(0, 3), scalar(1)] },
  { type: 'Gelu', opset: 20, inputs: [x(6)] },
  { type: 'Gelu', opset: 20, inputs: [x(6)], attributes: { approximate: 'tanh' } },
  { type: 'Gelu', opset: 17, inputs: [x(6)], domain: 'com.microsoft' },
  { type: 'QuickGelu', opset: 17, inputs: [x(6)], domain: 'com.microsoft' },
  { type: 'QuickGelu', opset: 17, inputs: [x(6)], domain: 'com.microsoft', attributes: { alpha: new Float(1.3) } },
  { type: 'MatMul', opset: 17, inputs: [x(2, 3, 4), x(4, 2)] },
  {
    type: 'FusedMatMul',
    opset: 17,
    inputs: [x(3, 4), x(2, 4)],
    domain: 'com.microsoft',
    attributes: { transB: 1, alpha: new Float(2) },
  },
  { type: 'Gemm', opset: 11, inputs: [x(2, 3), x(4, 3), x(4)], attributes: { transB: 1, alpha: new Float(0.5) } },
  { type: 'Softmax', opset: 11, inputs: [x(2, 3, 4)], about: 'over all later axes' },
  { type: 'Softmax', opset: 11, inputs: [x(2, 3, 4)], attributes: { axis: 2 } },
  { type: 'Softmax', opset: 13, inputs: [x(2, 3, 4)], attributes: { axis: 1 } },
  { type: 'LogSoftmax', opset: 11, inputs: [x(2, 3, 4)], attributes: { axis: 1 } },
  { type: 'LayerNormalization', opset: 17, inputs: [x(2, 3, 4), x(4), x(4)], attributes: { epsilon: new Float(1e-3) } },
  {
    type: 'BatchNormalization',
    opset: 9,
    inputs: [x(2, 3, 4, 4), x(3), x(3), x(3), positive(3)],
    attributes: { momentum: new Float(0.9) },
  },
  {
    type: 'BatchNormalization',
    opset: 15,
    inputs: [x(2, 3, 4, 4), x(3), x(3), x(3), positive(3)],
    attributes: { training_mode: 0 },
  },
  { type: 'Dropout', opset: 10, inputs: [x(6)], attributes: { ratio: new Float(0.5) } },
  { type: 'Dropout', opset: 13, inputs: [x(6), scalar(0.5)] },
  ...['ReduceL2', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum', 'ReduceSumSquare'].flatMap((type) => [
    { type, opset: 11, inputs: [x(2, 3, 4)], attributes: { axes: [1, -1], keepdims: 0 } },
    { type, opset: 18, inputs: [x(2, 3, 4), ints(-2)] },
    { type, opset: 18, inputs: [x(2, 3, 4)], about: 'over all axes' },
  ]),
  ...['ReduceSum', 'ReduceL1', 'ReduceL2'].map((type) => ({
    type,
    opset: 18,
    inputs: [x(2, 3)],
    attributes: { noop_with_empty_axes: 1 },
    about: 'over none',
  })),
  { type: 'ReduceProd', opset: 18, inputs: [ints(2, 3, 4)], about: 'of integers' },
  { type: 'ArgMax', opset: 17, inputs: [x(3, 4)], attributes: { axis: 1, keepdims: 0 } },
  { type: 'ArgMax', opset: 17, inputs: [x(3, 4)] },
  { type: 'Conv', opset: 17, inputs: [x(1, 2, 7, 6), x(3, 2, 3, 2), x(3)], attributes: { strides: [2, 1], pads: [1, 0, 1, 1] } },
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].flatMap((auto_pad) => [
    { type: 'Conv', opset: 17, inputs: [x(1, 2, 7, 6), x(3, 2, 3, 2)], attributes: { auto_pad, strides: [2, 2] } },
    { type: 'MaxPool', opset: 12, inputs: [x(1, 2, 7, 6)], attributes: { auto_pad, kernel_shape: [3, 2], strides: [2, 2] } },
  ]),
  {
    type: 'MaxPool',
    opset: 12,
    inputs: [x(1, 2, 7, 6)],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    type: 'AveragePool',
    opset: 11,
    inputs: [x(1, 2, 6, 6)],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  { type: 'GlobalAveragePool', opset: 17, inputs: [x(2, 3, 4, 5)] },
  { type: 'GlobalMaxPool', opset: 17, inputs: [x(2, 3, 4, 5)] },
  { type: 'Concat', opset: 17, inputs: [x(2, 3), x(2, 1)], attributes: { axis: -1 } },
  { type: 'Expand', opset: 17, inputs: [x(3, 1), ints(2, 1, 4)] },
  { type: 'Flatten', opset: 17, inputs: [x(2, 3, 4)], attributes: { axis: 2 } },
  { type: 'Flatten', opset: 17, inputs: [x(2, 3, 4)], attributes: { axis: -1 } },
  { type: 'Gather', opset: 17, inputs: [x(3, 4), int64([2, 2], [0, -1, 2, 1])], attributes: { axis: 1 } },
  { type: 'Gather', opset: 17, inputs: [ints(4, 5, 6), int64([], [-1])] },
  { type: 'GatherElements', opset: 17, inputs: [x(3, 4), int64([2, 4], [0, 1, 2, 0, 1, 1, 2, 2])] },
  { type: 'GatherND', opset: 17, inputs: [x(3, 4, 2), int64([2, 2], [0, -1, 2, 1])] },
  { type: 'ScatterElements', opset: 17, inputs: [x(3, 2), int64([1, 2], [2, 0]), x(1, 2)] },
  {
    type: 'GatherND',
    opset: 17,
    inputs: [x(2, 3, 4), int64([2, 2, 1], [0, -1, 2, 1])],
    attributes: { batch_dims: 1 },
    about: 'by batch',
  },
  {
    type: 'GatherND',
    opset: 17,
    inputs: [x(2, 3, 4), int64([2, 3, 1], [0, -1, 2, 1, 3, -4])],
    attributes: { batch_dims: 2 },
    about: 'by two batch axes',
  },
  {
    type: 'ScatterND',
    opset: 18,
    inputs: [x(4), int64([3, 1], [1, 1, -1]), x(3)],
    attributes: { reduction: 'add' },
    about: 'added',
  },
  { type: 'ScatterND', opset: 17, inputs: [x(3, 2), int64([2, 1], [2, 0]), x(2, 2)] },
  { type: 'Pad', opset: 10, inputs: [x(2, 3)], attributes: { pads: [1, 0, 0, 2], value: new Float(1.5) } },
  { type: 'Pad', opset: 18, inputs: [x(2, 3), ints(1, 2), scalar(-1), ints(-1)] },
  { type: 'Pad', opset: 13, inputs: [x(2, 3), ints(1, 2, 0, 1)] },
  { type: 'Reshape', opset: 17, inputs: [x(2, 3, 4), ints(0, -1)] },
  { type: 'Slice', opset: 9, inputs: [x(4, 5)], attributes: { starts: [1, -3], ends: [3, 9], axes: [0, 1] } },
  { type: 'Slice', opset: 17, inputs: [x(4, 5), ints(1), largest, ints(-1)] },
  { type: 'Slice', opset: 17, inputs: [x(4, 5), ints(0, -1), ints(9, -9), ints(0, 1), ints(2, -2)] },
  { type: 'Split', opset: 11, inputs: [x(4, 5)], attributes: { axis: 1, split: [2, 3] }, outputs: 2 },
  { type: 'Split', opset: 11, inputs: [x(4, 5)], outputs: 2 },
  { type: 'Split', opset: 13, inputs: [x(4, 5), ints(1, 4)], attributes: { axis: -1 }, outputs: 2 },
  { type: 'Split', opset: 18, inputs: [x(5, 4)], attributes: { num_outputs: 2 }, outputs: 2 },
  { type: 'Squeeze', opset: 11, inputs: [x(1, 3, 1)], attributes: { axes: [-1] } },
  { type: 'Squeeze', opset: 13, inputs: [x(1, 3, 1)] },
  { type: 'Squeeze', opset: 13, inputs: [x(1, 3, 1), ints(0)] },
  { type: 'Unsqueeze', opset: 11, inputs: [x(3)], attributes: { axes: [0, 2] } },
  { type: 'Unsqueeze', opset: 13, inputs: [x(3), ints(-1)] },
  { type: 'Tile', opset: 17, inputs: [x(2, 3), ints(2, 3)] },
  { type: 'Transpose', opset: 17, inputs: [x(2, 3, 4)] },
  { type: 'Transpose', opset: 17, inputs: [x(2, 3, 4)], attributes: { perm: [1, 0, 2] } },
  { type: 'Trilu', opset: 17, inputs: [x(4, 5), int64([], [1])] },
  { type: 'Trilu', opset: 17, inputs: [x(4, 5)], attributes: { upper: 0 } },
  { type: 'Shape', opset: 17, inputs: [x(2, 3, 4)], attributes: { start: 1, end: -1 } },
  { type: 'Size', opset: 17, inputs: [x(2, 3, 4)] },
  { type: 'ConstantOfShape', opset: 17, inputs: [ints(2, 3)], attributes: { value: int64([1], [4]) } },
  { type: 'ConstantOfShape', opset: 17, inputs: [ints(2)] },
  { type: 'Range', opset: 17, inputs: [int64([], [2]), int64([], [9]), int64([], [3])] },
  { type: 'Range', opset: 17, inputs: [scalar(2), scalar(1), scalar(-0.25)] },
];

const titleOf = (attributes: Attributes = {}) =>
  JSON.stringify(attributes, (_, value) => (typeof value === 'bigint' ? Number(value) : value));

/** These need their first input at import time. */
const shapeOnly = new Set(['ConstantOfShape', 'NonZero', 'Range']);

function expectSame(actual: Tensor | undefined, expected: Tensor | undefined): void {
  expect(actual?.dtype).toBe(expected?.dtype);
  if (expected?.dtype === 'float32') expect(relativeError(actual, expected)).toBeLessThan(1e-5);
  else
    expect({ ...actual, data: Array.from(actual!.data, Number) }).toEqual({
      ...expected,
      data: Array.from(expected!.data, Number),
    });
}

describe('an imported node gives what ONNX Runtime gives for the file', () => {
  test.each(
    cases.map((each) => [`${each.type} of opset ${each.opset} ${each.about ?? titleOf(each.attributes)}`, each] as const),
  )('%s', async (_, { type, opset, inputs, attributes = {}, outputs = 1, domain = '' }) => {
    const names = inputs.map((content, i) => (content ? `in${i}` : ''));
    const made = Array.from({ length: outputs }, (_unused, i) => `out${i}`);
    const node = { type, inputs: names, outputs: made, attributes, domain };
    const first = inputs[0] as Tensor;
    const others = Object.fromEntries(inputs.flatMap((content, i) => (content && i > 0 ? [[`in${i}`, content]] : [])));
    const declared = { in0: { dtype: first.dtype, dims: [...first.shape] } };
    const file = onnxFile({ opset, inputs: declared, outputs: made, initializers: others, nodes: [node] });
    const expected = await (await openGraphFile(file))({ in0: first });

    if (!shapeOnly.has(type)) {
      const graph = new Graph();
      const spliced = readModel(file).splice({
        graph,
        inputs: { in0: graph.input('in0', first.dtype, first.shape) },
        outputs: made,
      });
      for (const name of made) graph.output(name, spliced[name]!);
      const result = await (await openGraph(graph))({ in0: first });
      for (const name of made) expectSame(result[name], expected[name]);
    }

    const constant = readModel(onnxFile({ opset, outputs: made, initializers: { in0: first, ...others }, nodes: [node] }));
    const graph = new Graph();
    const folded = constant.splice({ graph, inputs: {}, outputs: made });
    for (const name of made) graph.output(name, folded[name]!);
    const result = await (await openGraph(graph))({});
    for (const name of made) {
      expectSame(result[name], expected[name]);
      if (folded[name]!.constant) expectSame(folded[name]!.constant, expected[name]);
    }
    const isShapeArithmetic =
      (first.dtype !== 'float32' && type !== 'EmbedLayerNormalization') ||
      shapeOnly.has(type) ||
      ['Shape', 'Size', 'Cast'].includes(type);
    if (isShapeArithmetic) for (const name of made) expect(folded[name]!.constant, 'folded').toBeDefined();
  });

  /** Steps have no slope to compare, and these do not depend on the values. */
  const withoutSlope = new Set(
    'ArgMax ArgMin Ceil Equal EyeLike Floor Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual Round Shape Sign Size'.split(
      ' ',
    ),
  );
  const smooth = cases.filter(
    ({ type, inputs, edges, attributes }) =>
      inputs[0]?.dtype === 'float32' && !withoutSlope.has(type) && !shapeOnly.has(type) && !edges && attributes?.to !== 7,
  );
  test.each(
    smooth.map((each) => [`${each.type} of opset ${each.opset} ${each.about ?? titleOf(each.attributes)}`, each] as const),
  )('and has the slope of central differences: %s', async (_, { type, opset, inputs, attributes = {}, domain = '' }) => {
    // What an operator reads as numbers is differentiated too, but for settings, which must be constants.
    const settings = new Set(['Resize', 'Upsample', 'OneHot']);
    const moved = inputs.flatMap((content, i) =>
      content?.dtype === 'float32' && (i === 0 || !settings.has(type)) ? [[`in${i}`, content as Tensor<'float32'>] as const] : [],
    );
    const names = inputs.map((content, i) => (content ? `in${i}` : ''));
    const fed = new Set(moved.map(([name]) => name));
    const file = onnxFile({
      opset,
      inputs: Object.fromEntries(moved.map(([name, { dtype, shape }]) => [name, { dtype, dims: [...shape] }])),
      outputs: ['out0'],
      initializers: Object.fromEntries(
        inputs.flatMap((content, i) => (content && !fed.has(`in${i}`) ? [[`in${i}`, content]] : [])),
      ),
      nodes: [{ type, inputs: names, outputs: ['out0'], attributes, domain }],
    });
    const model = readModel(file);
    const build = (...values: Value[]) => {
      const given = Object.fromEntries(moved.map(([name], i) => [name, values[i] as Value]));
      return model.splice({ graph: values[0]!.graph, inputs: given, outputs: ['out0'] }).out0 as Value;
    };
    const contents = moved.map(([, content]) => content);
    expect(await gradientError(contents, build, { step: 2e-3 })).toBeLessThan(5e-3);
  });

  test('and every rule is checked here', () => {
    const checked = new Set(cases.map(({ type, domain }) => (domain ? `${domain}.${type}` : type)));
    const elsewhere = (type: string) => type === 'If' || type === 'TopK' || type.includes('Sequence');
    expect(Object.keys(rules).filter((type) => !checked.has(type) && !elsewhere(type))).toEqual([]);
  });
});

test.each([
  [1, [1, 3, 0]],
  [0, [2, 0, 1]],
])('TopK of a constant gives its elements and places, equal ones in their order: largest %i', (largest, places) => {
  const values = float32([4], [2, 5, 1, 5]);
  const file = onnxFile({
    outputs: ['values', 'places'],
    initializers: { values_of: values, k: ints(3) },
    nodes: [{ type: 'TopK', inputs: ['values_of', 'k'], outputs: ['values', 'places'], attributes: { largest } }],
  });
  const made = readModel(file).splice({ graph: new Graph(), inputs: {}, outputs: ['values', 'places'] });
  expect(Array.from(made.places!.constant!.data, Number)).toEqual(places);
  expect([...made.values!.constant!.data]).toEqual(places.map((at) => values.data[at]));
});

describe('If', () => {
  const branch = (type: string) => ({ outputs: ['y'], nodes: [{ type, inputs: ['x'], outputs: ['y'] }] });
  const file = (condition: string) =>
    onnxFile({
      inputs: { x: { dtype: 'float32', dims: ['n', 2] }, asked: { dtype: 'bool', dims: [] } },
      outputs: ['z'],
      initializers: { one: ints(1) },
      nodes: [
        { type: 'Shape', inputs: ['x'], outputs: ['shape'], attributes: { end: 1 } },
        { type: 'Equal', inputs: ['shape', 'one'], outputs: ['single'] },
        {
          type: 'If',
          inputs: [condition],
          outputs: ['z'],
          branches: { then_branch: branch('Neg'), else_branch: branch('Abs') },
          name: 'choice',
        },
      ],
    });

  test.each([
    [1, 'Neg'],
    [3, 'Abs'],
  ])('takes the branch that the shapes decide: %i rows', (rows, type) => {
    const graph = new Graph();
    const { z } = readModel(file('single')).splice({
      graph,
      inputs: { x: graph.input('x', 'float32', [rows, 2]) },
      outputs: ['z'],
    });
    expect(z?.producer?.type).toBe(type);
  });

  test('whose condition is a value of run time is an error', () => {
    const graph = new Graph();
    const inputs = { x: graph.input('x', 'float32', [1, 2]), asked: graph.input('asked', 'bool', []) };
    expect(() => readModel(file('asked')).splice({ graph, inputs, outputs: ['z'] })).toThrow(
      'Node choice of the ONNX file cannot be imported: If: limn imports an If only if the shapes determine its branch.',
    );
  });
});

test('constants of all kinds are read', () => {
  const constant = (name: string, attributes: Attributes) => ({ type: 'Constant', inputs: [], outputs: [name], attributes });
  const model = readModel(
    onnxFile({
      outputs: ['a', 'b', 'c', 'd', 'e'],
      nodes: [
        constant('a', { value: float32([2], [1, 2]) }),
        constant('b', { value_float: new Float(0.5) }),
        constant('c', { value_int: 3 }),
        constant('d', { value_ints: [4, 5] }),
        constant('e', { value_floats: floats(6, 7) }),
      ],
    }),
  );
  const values = model.splice({ graph: new Graph(), inputs: {}, outputs: [...model.outputs] });
  const read = Object.entries(values).map(([name, { dtype, shape, constant: content }]) => [
    name,
    dtype,
    shape,
    Array.from(content!.data, Number),
  ]);
  expect(read).toEqual([
    ['a', 'float32', [2], [1, 2]],
    ['b', 'float32', [], [0.5]],
    ['c', 'int64', [], [3]],
    ['d', 'int64', [2], [4, 5]],
    ['e', 'float32', [2], [6, 7]],
  ]);
});
