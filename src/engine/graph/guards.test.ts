/** A gradient behind a guard is finite: 0 where the guard left a value out, and as without it elsewhere. */
import { describe, expect, test } from 'vitest';
import { float32, int64, type Tensor } from '../tensor/tensor.js';
import * as f from './index.js';
import { Float, Graph, gradients, readModel, type Value } from './index.js';
import { openGraph } from './testing/evaluate.js';
import { onnxFile } from './testing/onnx-file.js';

async function gradientsOf(inputs: Tensor<'float32'>[], build: (...values: Value[]) => Value) {
  const graph = new Graph();
  const values = inputs.map((input, i) => graph.input(`x${i}`, 'float32', input.shape));
  const loss = f.reduceSum(build(...values));
  graph.output('loss', loss);
  for (const [i, gradient] of gradients(loss, values).entries()) graph.output(`g${i}`, gradient);
  const result = await (await openGraph(graph))(Object.fromEntries(inputs.map((input, i) => [`x${i}`, input])));
  expect(Number.isFinite(result.loss!.data[0])).toBe(true);
  return inputs.map((_, i) => [...(result[`g${i}`]!.data as Float32Array)]);
}

const vector = (...values: number[]) => float32([values.length], values);
const add1 = (x: Value, type: string, inputs: (Value | undefined)[], attributes = {}) => x.graph.add1(type, inputs, attributes);
const isNaN_ = (x: Value) => add1(x, 'IsNaN', [x]);
const constant = (x: Value, value: number) => x.graph.constant(float32([], [value]));
const above = (x: Value) => f.greater(x, 0);

describe.each<[string, Tensor<'float32'>[], (...values: Value[]) => Value, number[][]]>([
  ['log of 0', [vector(0, 2)], (x) => f.where(above(x!), f.log(x!), 0), [[0, 0.5]]],
  ['square root of 0', [vector(0, 4)], (x) => f.where(above(x!), f.sqrt(x!), 0), [[0, 0.25]]],
  ['square root below 0', [vector(-1, 4)], (x) => f.where(above(x!), f.sqrt(x!), 0), [[0, 0.25]]],
  ['reciprocal of 0', [vector(0, 2)], (x) => f.where(above(x!), f.reciprocal(x!), 0), [[0, -0.25]]],
  [
    'division by 0',
    [vector(3, 3), vector(0, 2)],
    (a, b) => f.where(above(b!), f.div(a!, b!), 0),
    [
      [0, 0.5],
      [0, -0.75],
    ],
  ],
  [
    '0 / 0',
    [vector(0, 3), vector(0, 2)],
    (a, b) => f.where(above(b!), f.div(a!, b!), 0),
    [
      [0, 0.5],
      [0, -0.75],
    ],
  ],
  ['power of 0', [vector(0, 4)], (x) => f.where(above(x!), f.pow(x!, 0.5), 0), [[0, 0.25]]],
  [
    'exponent of 0',
    [vector(0, 1), vector(2, 3)],
    (a, b) => f.pow(a!, b!),
    [
      [0, 3],
      [0, 0],
    ],
  ],
  [
    '0 to the 0',
    [vector(0, 2), vector(0, 0)],
    (a, b) => f.pow(a!, b!),
    [
      [0, 0],
      [0, Math.log(2)],
    ],
  ],
  ['overflow', [vector(200, 0)], (x) => f.where(f.less(x!, 9), f.exp(x!), 0), [[0, 1]]],
  [
    'a product with infinity',
    [vector(0, 2), vector(5, 5)],
    (x, w) => f.where(above(x!), f.mul(w!, f.reciprocal(x!)), 0),
    [
      [0, -1.25],
      [0, 0.5],
    ],
  ],
  [
    'what is NaN already',
    [vector(Number.NaN, 2), vector(5, 5)],
    (x, w) => {
      const y = f.mul(w!, x!);
      return f.where(isNaN_(y), 0, y);
    },
    [
      [0, 5],
      [0, 2],
    ],
  ],
  ['clip', [vector(0, 2)], (x) => add1(x!, 'Clip', [f.reciprocal(x!), undefined, constant(x!, 9)]), [[0, -0.25]]],
  ['the smaller of two', [vector(0, 2)], (x) => f.minimum(f.reciprocal(x!), 9), [[0, -0.25]]],
  ['the greater of two', [vector(0, 2)], (x) => f.maximum(f.log(x!), -9), [[0, 0.5]]],
  [
    'the greater of two after a product',
    [vector(0, 2), vector(3, 3)],
    (x, w) => f.maximum(f.mul(w!, f.log(x!)), -9),
    [
      [0, 1.5],
      [0, Math.log(2)],
    ],
  ],
  [
    'the norm of a zero vector',
    [float32([2, 2], [0, 0, 3, 4])],
    (x) => add1(x!, 'ReduceL2', [x!, f.indices(x!, [1], [1])]),
    [[0, 0, 0.6, 0.8]],
  ],
  [
    'a unit vector of zeros',
    [float32([2, 2], [0, 0, 3, 4])],
    (x) => f.div(x!, f.maximum(f.sqrt(f.reduceSum(f.mul(x!, x!), [1], { keepDims: true })), 0.5)),
    [[2, 2, 1 / 5 - (7 * 3) / 125, 1 / 5 - (7 * 4) / 125]],
  ],
  [
    'a softmax row of nothing',
    [float32([2, 2], [-Infinity, -Infinity, 0, 0])],
    (x) => {
      const p = f.softmax(x!);
      return f.mul(f.where(isNaN_(p), 0, p), x!.graph.constant(vector(1, 3)));
    },
    [[0, 0, -0.5, 0.5]],
  ],
  [
    'a mean over nothing',
    [float32([2, 2], [1, 1, 2, 2]), float32([2, 2], [0, 0, 1, 0])],
    (x, m) => {
      const count = f.reduceSum(m!, [1]);
      return f.where(above(count), f.div(f.reduceSum(f.mul(x!, m!), [1]), count), 0);
    },
    [
      [0, 0, 1, 0],
      [0, 0, 0, 2 - 2],
    ],
  ],
  [
    'a log-softmax of masked scores',
    [float32([2, 3], [1, 2, 3, 4, 5, 6])],
    (x) => {
      const mask = x!.graph.constant(float32([2, 3], [0, -Infinity, 0, -Infinity, -Infinity, -Infinity]));
      const y = f.logSoftmax(f.add(x!, mask));
      return f.where(f.greater(mask, -1), f.mul(y, x!.graph.constant(float32([3], [1, 5, 3]))), 0);
    },
    [[1 - 4 / (1 + Math.exp(2)), 0, 3 - 4 / (1 + Math.exp(-2)), 0, 0, 0]],
  ],
  [
    'a greatest score of 0 among masked ones',
    [float32([2, 2], [0, 3, 1, 2])],
    (x) => {
      const mask = x!.graph.constant(float32([2, 2], [0, -Infinity, -Infinity, -Infinity]));
      const y = add1(x!, 'ReduceMax', [f.add(x!, mask), x!.graph.constant(int64([1], [1]))], { keepdims: 0 });
      return f.where(f.greater(y, -1), f.mul(y, 2), 0);
    },
    [[2, 0, 0, 0]],
  ],
  [
    'a product of matrices with missing rows',
    [float32([2, 2], [Number.NaN, Number.NaN, 1, 2]), float32([2, 1], [3, 4])],
    (x, w) => {
      const y = f.matmul(x!, w!);
      return f.where(isNaN_(y), 0, y);
    },
    [
      [0, 0, 3, 4],
      [1, 2],
    ],
  ],
])('%s', (_, inputs, build, expected) => {
  test('has finite gradients', async () => {
    const found = await gradientsOf(inputs, build);
    for (const [i, gradient] of found.entries())
      for (const [j, value] of gradient.entries()) expect(value, `${i}, ${j}`).toBeCloseTo(expected[i]![j]!, 4);
  });
});

test('a fully masked row of an imported attention gets no gradient, and the others theirs', async () => {
  const x = float32([1, 3, 3], [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6]);
  const mask = float32([3, 3], [0, 0, 0, 0, 0, 0, -Infinity, -Infinity, -Infinity]);
  const file = onnxFile({
    inputs: { x: { dtype: 'float32', dims: ['n', 3, 3] } },
    outputs: ['y'],
    initializers: { w: float32([1, 3], [1, 2, 3]), mask, zero: float32([], [0]) },
    nodes: [
      { type: 'Mul', inputs: ['x', 'w'], outputs: ['scores'] },
      { type: 'Add', inputs: ['scores', 'mask'], outputs: ['masked'] },
      { type: 'Softmax', inputs: ['masked'], outputs: ['p'], attributes: { axis: -1 } },
      { type: 'IsNaN', inputs: ['p'], outputs: ['missing'] },
      { type: 'Where', inputs: ['missing', 'zero', 'p'], outputs: ['q'] },
      { type: 'MatMul', inputs: ['q', 'x'], outputs: ['y'] },
    ],
  });
  const graph = new Graph();
  const w = graph.input('w', 'float32', [1, 3]);
  const inputs = { x: graph.input('x', 'float32', [1, 3, 3]) };
  const { y } = readModel(file).splice({ graph, inputs, outputs: ['y'], weight: (name) => (name === 'w' ? w : undefined) });
  const loss = f.reduceSum(f.mul(y!, graph.constant(float32([1, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]))));
  graph.output('byW', gradients(loss, [w])[0]!);
  const { byW } = await (await openGraph(graph))({ x, w: float32([1, 3], [1, 2, 3]) });
  // PyTorch's, with the empty row left out.
  const expected = [-0.49230564, -0.75906193, 1.97033858];
  expect([...byW!.data].map((value, i) => Math.abs((value as number) - expected[i]!) < 1e-5)).toEqual([true, true, true]);
});

test('what no guard is near is computed as before', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [4, 4]);
  const w = graph.input('w', 'float32', [4, 4]);
  const mask = graph.input('mask', 'bool', [4, 4]);
  const scores = f.mul(f.matmul(x, w), 0.5);
  const p = f.softmax(f.where(mask, scores, -3e38));
  const clipped = add1(x, 'Clip', [f.matmul(p, x), constant(x, 0), constant(x, 6)], { unused: new Float(0) });
  const before = graph.nodes.length;
  gradients(f.reduceSum(clipped), [x, w]);
  expect(graph.nodes.slice(before).filter(({ type }) => type === 'Abs')).toEqual([]);
});
