/** Every rule of an import against ONNX Runtime on the same file: with its inputs fed, and with them constant and folded. */
import { describe, expect, test } from 'vitest';
import { relativeError } from '../../../../test/fixtures/fixture.js';
import { Random } from '../../../core/random.js';
import { float32, int64, type Tensor, tensor } from '../../tensor/tensor.js';
import { type Attributes, Float, Graph, readModel } from '../index.js';
import { openGraph, openGraphFile, randomTensor } from '../testing/evaluate.js';
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
}

const random = new Random(7);
const x = (...shape: number[]) => randomTensor(random, shape, -2, 2);
const positive = (...shape: number[]) => randomTensor(random, shape, 0.5, 2);
const ints = (...values: number[]) => int64([values.length], values);
const bools = (...values: number[]) => tensor('bool', [values.length], Uint8Array.from(values));
const scalar = (value: number) => float32([], [value]);
const largest = tensor('int64', [1], BigInt64Array.of(2n ** 63n - 1n));
const floats = (...values: number[]) => values.map((value) => new Float(value));

const unary = 'Abs Ceil Cos Erf Exp Floor HardSigmoid HardSwish Identity IsNaN Neg Relu Sigmoid Sin Tanh'.split(' ');
const binary = 'Add Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mul Sub Sum'.split(' ');

const cases: Case[] = [
  ...unary.map((type) => ({ type, opset: 17, inputs: [x(2, 3)] })),
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
  { type: 'ReduceSum', opset: 18, inputs: [x(2, 3)], attributes: { noop_with_empty_axes: 1 }, about: 'over none' },
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
const shapeOnly = new Set(['ConstantOfShape', 'Range']);

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
    const isShapeArithmetic = first.dtype !== 'float32' || shapeOnly.has(type) || ['Shape', 'Size', 'Cast'].includes(type);
    if (isShapeArithmetic) for (const name of made) expect(folded[name]!.constant, 'folded').toBeDefined();
  });

  test('and every rule is checked here', () => {
    const checked = new Set(cases.map(({ type, domain }) => (domain ? `${domain}.${type}` : type)));
    expect(Object.keys(rules).filter((type) => !checked.has(type))).toEqual(['If']);
  });
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
      'Node choice of the ONNX file cannot be imported: If: limn imports a branch only where the shapes decide it.',
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
