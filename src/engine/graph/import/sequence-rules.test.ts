/** Sequences that a file settles are taken apart; outputs that nobody reads are no mistake. */
import { expect, test } from 'vitest';
import { float32, int64, type Tensor } from '../../tensor/tensor.js';
import { Graph, readModel } from '../index.js';
import { openGraph } from '../testing/evaluate.js';
import { type FileNodeSpec, onnxFile } from '../testing/onnx-file.js';

const x = float32([2, 4], [0, 1, 2, 3, 4, 5, 6, 7]);

function spliced(nodes: FileNodeSpec[], initializers: Record<string, Tensor> = {}) {
  const graph = new Graph();
  const inputs = { x: { dtype: 'float32' as const, dims: [2, 4] } };
  const file = onnxFile({ opset: 17, inputs, outputs: ['y'], initializers, nodes });
  const { y } = readModel(file).splice({ graph, inputs: { x: graph.input('x', 'float32', [2, 4]) }, outputs: ['y'] });
  graph.output('y', y!);
  return graph;
}

async function computed(nodes: FileNodeSpec[], initializers: Record<string, Tensor> = {}) {
  const { y } = await (await openGraph(spliced(nodes, initializers)))({ x });
  return [y!.shape, [...y!.data].map(Number)];
}

const splitInto = (attributes = {}, inputs = ['x', 'sizes']) => ({
  type: 'SplitToSequence',
  inputs,
  outputs: ['parts'],
  attributes: { axis: 1, ...attributes },
});
const sizes = int64([2], [1, 3]);
const at = (position: number) => ({ sizes, at: int64([], [position]) });

test.each([
  [0, [2, 1], [0, 4]],
  [-1, [2, 3], [1, 2, 3, 5, 6, 7]],
])('element %i of a split', async (position, shape, values) => {
  const take = { type: 'SequenceAt', inputs: ['parts', 'at'], outputs: ['y'] };
  expect(await computed([splitInto(), take], at(position))).toEqual([shape, values]);
});

test('parts of one element lose their axis and are put beside each other again', async () => {
  const join = { type: 'ConcatFromSequence', inputs: ['parts'], outputs: ['y'], attributes: { axis: -1, new_axis: 1 } };
  const result = await computed([splitInto({ keepdims: 0 }, ['x']), join]);
  expect(result).toEqual([[2, 4], [...x.data]]);
});

test('a sequence is built, counted, shortened and joined', async () => {
  const nodes = [
    { type: 'SequenceConstruct', inputs: ['x', 'x', 'x'], outputs: ['three'] },
    { type: 'SequenceErase', inputs: ['three', 'at'], outputs: ['two'] },
    { type: 'SequenceInsert', inputs: ['two', 'x'], outputs: ['again'] },
    { type: 'SequenceLength', inputs: ['again'], outputs: ['count'] },
    { type: 'Unsqueeze', inputs: ['count', 'zero'], outputs: ['rows'] },
    { type: 'ConcatFromSequence', inputs: ['two'], outputs: ['joined'], attributes: { axis: 0 } },
    { type: 'Slice', inputs: ['joined', 'zero', 'rows'], outputs: ['y'] },
  ];
  const constants = { at: int64([], [1]), zero: int64([1], [0]) };
  expect(await computed(nodes, constants)).toEqual([
    [3, 4],
    [...x.data, 0, 1, 2, 3],
  ]);
});

test('a sequence that anything else reads, and a position that is not there, are errors', () => {
  const nodes = [splitInto(), { type: 'Neg', inputs: ['parts'], outputs: ['y'] }];
  expect(() => spliced(nodes, { sizes })).toThrow('it reads a sequence of tensors');
  const take = { type: 'SequenceAt', inputs: ['parts', 'at'], outputs: ['y'] };
  expect(() => spliced([splitInto(), take], at(2))).toThrow('position 2 is beyond a sequence of 2');
});

test('the mask of a dropout that nobody reads is passed over, and one that is read is true everywhere', async () => {
  const dropout = { type: 'Dropout', inputs: ['x'], outputs: ['kept', 'mask'] };
  const square = { type: 'Mul', inputs: ['kept', 'kept'], outputs: ['y'] };
  expect(await computed([dropout, square])).toEqual([
    [2, 4],
    [0, 1, 4, 9, 16, 25, 36, 49],
  ]);
  const read = { type: 'Cast', inputs: ['mask'], outputs: ['y'], attributes: { to: 1 } };
  expect(await computed([dropout, read])).toEqual([[2, 4], Array(8).fill(1)]);
});

test('an output that limn does not compute is a mistake where it is read', () => {
  const norm = { type: 'SimplifiedLayerNormalization', inputs: ['x', 'scale'], outputs: ['kept', 'factor', 'more'] };
  const scale = float32([4], [1, 1, 1, 1]);
  const last = (name: string) => ({ type: 'Neg', inputs: [name], outputs: ['y'] });
  expect(() => spliced([norm, last('kept')], { scale })).not.toThrow();
  expect(() => spliced([norm, last('more')], { scale })).toThrow(
    'SimplifiedLayerNormalization: limn does not compute its output more',
  );
});
