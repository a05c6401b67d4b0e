/** int64 beyond 2^53: exact where it is data, and "to the end" where it is a place. */
import { describe, expect, test } from 'vitest';
import { float32, int64, type Tensor, tensor } from '../../tensor/tensor.js';
import { type Attributes, Graph, readModel } from '../index.js';
import { openGraph } from '../testing/evaluate.js';
import { onnxFile } from '../testing/onnx-file.js';

const [most, least] = [2n ** 63n - 1n, -(2n ** 63n)];
const odd = 2n ** 53n + 1n;
const big = (...values: bigint[]) => tensor('int64', [values.length], BigInt64Array.from(values));
const small = (...values: number[]) => int64([values.length], values);

function folded(type: string, inputs: Tensor[], attributes: Attributes = {}, opset = 18): Tensor {
  const names = inputs.map((_, i) => `in${i}`);
  const file = onnxFile({
    opset,
    outputs: ['y'],
    initializers: Object.fromEntries(inputs.map((content, i) => [`in${i}`, content])),
    nodes: [{ type, inputs: names, outputs: ['y'], attributes }],
  });
  const { y } = readModel(file).splice({ graph: new Graph(), inputs: {}, outputs: ['y'] });
  expect(y?.constant, 'folded').toBeDefined();
  return y!.constant as Tensor;
}

test.each<[string, Tensor[], bigint[], Attributes?]>([
  ['Add', [big(odd, most), big(1n)], [odd + 1n, least]],
  ['Sub', [big(odd, least), big(1n)], [odd - 1n, most]],
  ['Mul', [big(odd, 3n), big(3n, odd)], [3n * odd, 3n * odd]],
  ['Div', [big(odd, -odd, most), big(2n, 2n, 1n)], [2n ** 52n, -(2n ** 52n), most]],
  ['Mod', [big(odd, -odd), big(4n)], [1n, 3n]],
  ['Mod', [big(odd, -odd), big(4n)], [1n, -1n], { fmod: 1 }],
  ['Pow', [big(3n), big(39n)], [3n ** 39n]],
  ['Neg', [big(odd, -most)], [-odd, most]],
  ['Abs', [big(-odd)], [odd]],
  ['Sign', [big(least, 0n, most)], [-1n, 0n, 1n]],
  ['Max', [big(odd, most), big(odd - 1n, least)], [odd, most]],
  ['Min', [big(odd, most), big(odd - 1n, least)], [odd - 1n, least]],
  [
    'Clip',
    [big(-odd, odd, most), int64([], [0]), big(odd)].map((each, i) => (i === 2 ? { ...each, shape: [] } : each)),
    [0n, odd, odd],
  ],
  ['Clip', [big(-odd, odd), int64([], [3])], [3n, odd]],
  ['Where', [tensor('bool', [2], Uint8Array.of(1, 0)), big(odd, 1n), big(2n, most)], [odd, most]],
  ['Identity', [big(most, least, odd)], [most, least, odd]],
  ['Gather', [big(most, least, odd), small(2, -2)], [odd, least]],
  ['Concat', [big(most), big(odd)], [most, odd], { axis: 0 }],
  ['ReduceSum', [big(odd, 1n, 1n), small(0)], [odd + 2n]],
  ['ReduceProd', [big(odd, 3n), small(0)], [3n * odd]],
  ['ReduceMax', [big(odd, odd - 1n, least), small(0)], [odd]],
  ['ReduceMin', [big(odd, odd - 1n, most), small(0)], [odd - 1n]],
  ['CumSum', [big(odd, 1n, 1n), int64([], [0])], [odd, odd + 1n, odd + 2n]],
  ['Cast', [big(most, -1n, odd)], [most, -1n, odd], { to: 7 }],
  ['Cast', [big(most, 2n ** 31n, odd)], [-1n, -(2n ** 31n), 1n], { to: 6 }],
  ['Cast', [float32([3], [1.9, -1.9, 2 ** 40])], [1n, -1n, 2n ** 40n], { to: 7 }],
  ['Range', [big(odd), big(odd + 5n), big(2n)].map((each) => ({ ...each, shape: [] })), [odd, odd + 2n, odd + 4n]],
  ['Range', [big(most), big(most - 5n), big(-2n)].map((each) => ({ ...each, shape: [] })), [most, most - 2n, most - 4n]],
])('%s is exact (%#)', (type, inputs, expected, attributes) => {
  const { data, dtype } = folded(type, inputs, attributes);
  expect(Array.from(data, BigInt)).toEqual(expected);
  expect(dtype).toBe(attributes?.to === 6 ? 'int32' : 'int64');
});

test.each<[string, Tensor[], number[]]>([
  ['Equal', [big(odd, most), big(odd - 1n, most)], [0, 1]],
  ['Less', [big(odd - 1n, most), big(odd, least)], [1, 0]],
  ['Greater', [big(odd, least), big(odd - 1n, most)], [1, 0]],
  ['LessOrEqual', [big(odd), big(odd - 1n)], [0]],
  ['GreaterOrEqual', [big(odd - 1n), big(odd)], [0]],
])('%s (%#) tells neighbours beyond 2^53 apart', (type, inputs, expected) => {
  expect([...folded(type, inputs).data]).toEqual(expected);
});

test('32-bit products keep their lowest bits, as ONNX Runtime does', () => {
  const at = (value: number) => tensor('int32', [1], Int32Array.of(value));
  expect([...folded('Mul', [at(2 ** 31 - 1), at(2 ** 31 - 1)]).data]).toEqual([1]);
  expect([...folded('Add', [at(2 ** 31 - 1), at(1)]).data]).toEqual([-(2 ** 31)]);
});

test('an index beyond its axis is an error, not an element of another row', () => {
  const table = int64([2, 3], [0, 1, 2, 3, 4, 5]);
  for (const index of [3n, most, least, -4n])
    expect(() => folded('Gather', [table, big(index)], { axis: 1 })).toThrow('is beyond the axis of 3');
});

describe('constants of a file', () => {
  const constant = (name: string, attributes: Attributes) => ({ type: 'Constant', inputs: [], outputs: [name], attributes });
  const x = float32([2, 5], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

  test.each<[string, bigint, bigint, number[]]>([
    ['to the end', 1n, most, [1, 2, 3, 4, 6, 7, 8, 9]],
    ['from the very start', least, 2n, [0, 1, 5, 6]],
    ['of nothing', most, most, []],
  ])('slice %s', async (_, start, end, expected) => {
    const graph = new Graph();
    const file = onnxFile({
      inputs: { x: { dtype: 'float32', dims: [2, 5] } },
      outputs: ['y'],
      nodes: [
        constant('start', { value_ints: [start] }),
        constant('end', { value_ints: [end] }),
        constant('axis', { value_ints: [1] }),
        { type: 'Slice', inputs: ['x', 'start', 'end', 'axis'], outputs: ['y'] },
      ],
    });
    const { y } = readModel(file).splice({ graph, inputs: { x: graph.input('x', 'float32', [2, 5]) }, outputs: ['y'] });
    expect(y?.shape).toEqual([2, expected.length / 2]);
    if (expected.length === 0) return;
    graph.output('y', y!);
    expect([...(await (await openGraph(graph))({ x })).y!.data]).toEqual(expected);
  });

  test('are read exactly, of one number and of several', () => {
    const file = onnxFile({
      outputs: ['a', 'b'],
      nodes: [constant('a', { value_int: most }), constant('b', { value_ints: [least, odd] })],
    });
    const { a, b } = readModel(file).splice({ graph: new Graph(), inputs: {}, outputs: ['a', 'b'] });
    expect([...a!.constant!.data, ...b!.constant!.data]).toEqual([most, least, odd]);
  });

  test('attributes of other nodes stay to the end', () => {
    const graph = new Graph();
    const file = onnxFile({
      opset: 9,
      inputs: { x: { dtype: 'float32', dims: [2, 5] } },
      outputs: ['y'],
      nodes: [{ type: 'Slice', inputs: ['x'], outputs: ['y'], attributes: { axes: [1], starts: [2], ends: [most] } }],
    });
    const { y } = readModel(file).splice({ graph, inputs: { x: graph.input('x', 'float32', [2, 5]) }, outputs: ['y'] });
    expect(y?.shape).toEqual([2, 3]);
  });
});

test('the padding of a convolution that an exporter works out from the shape of its input is known', () => {
  const float = (value: number) => float32([], [value]);
  const step = (type: string, inputs: string[], output: string, attributes: Attributes = {}) => ({
    type,
    inputs,
    outputs: [output],
    attributes,
  });
  const file = onnxFile({
    inputs: { x: { dtype: 'float32', dims: [1, 1, 5, 4] } },
    outputs: ['y'],
    initializers: {
      two: float(2),
      three: float(3),
      one: float(1),
      none: float(0),
      row: int64([1], [2]),
      front: int64([6], [0, 0, 0, 0, 0, 0]),
      last: int64([1], [0]),
    },
    // max((ceil(5 / 2) - 1) * 2 + 3 - 5, 0) rows below.
    nodes: [
      step('Shape', ['x'], 'shape'),
      step('Gather', ['shape', 'row'], 'rows'),
      step('Cast', ['rows'], 'extent', { to: 1 }),
      step('Div', ['extent', 'two'], 'half'),
      step('Ceil', ['half'], 'steps'),
      step('Sub', ['steps', 'one'], 'before'),
      step('Mul', ['before', 'two'], 'start'),
      step('Add', ['start', 'three'], 'end'),
      step('Sub', ['end', 'extent'], 'over'),
      step('Clip', ['over', 'none'], 'missing'),
      step('Cast', ['missing'], 'count', { to: 7 }),
      step('Concat', ['front', 'count', 'last'], 'pads', { axis: 0 }),
      step('Pad', ['x', 'pads'], 'y'),
    ],
  });
  const graph = new Graph();
  const { y } = readModel(file).splice({ graph, inputs: { x: graph.input('x', 'float32', [1, 1, 5, 4]) }, outputs: ['y'] });
  expect(y?.shape).toEqual([1, 1, 7, 4]);
});
