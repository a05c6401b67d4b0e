/** Tensors that stay in the file, and what is said when the file is another one. */
import { expect, test } from 'vitest';
import { float32, type Tensor } from '../../tensor/tensor.js';
import { Graph, readModel } from '../index.js';
import { onnxFile, packed } from '../testing/onnx-file.js';

const filled = (shape: number[], from: number) =>
  float32(
    shape,
    Array.from({ length: shape[0]! * (shape[1] ?? 1) }, (_, i) => Math.sin(i + from)),
  );
const initializers = { large: filled([16, 64], 0), other: filled([64, 64], 7), small: filled([64], 9) };
const bytes = onnxFile({
  inputs: { x: { dtype: 'float32', dims: ['rows', 16] } },
  outputs: ['y'],
  initializers,
  nodes: [
    { type: 'MatMul', inputs: ['x', 'large'], outputs: ['a'] },
    { type: 'MatMul', inputs: ['a', 'other'], outputs: ['b'] },
    { type: 'Add', inputs: ['b', 'small'], outputs: ['y'] },
  ],
});

/** The model, read from a file whose content can be exchanged. */
function stored() {
  const disk: { bytes: Uint8Array | undefined; reads: number } = { bytes, reads: 0 };
  const read = (offset: number, length: number) => {
    disk.reads++;
    if (!disk.bytes) throw new Error('ENOENT: no such file');
    return disk.bytes.subarray(offset, offset + length);
  };
  return { disk, model: readModel(bytes, { file: { path: 'tower.onnx', read } }) };
}

test('large tensors are read from the file each time that they are wanted, and small ones copied', () => {
  const { disk, model } = stored();
  const contents = () => Object.keys(initializers).map((name) => model.weights.get(name)!.content());
  expect(disk.reads).toBe(0);
  const first = contents();
  expect(first).toEqual(Object.values(initializers));
  const second = contents();
  expect(second).toEqual(first);
  expect(second.map((content, i) => content.data === first[i]!.data)).toEqual([false, false, false]);
  expect(disk.reads).toBe(4);
});

test('without a file to read again all tensors are kept, and given as copies', () => {
  const large = readModel(bytes).weights.get('large')!;
  (large.content().data as Float32Array).fill(0);
  expect(large.content()).toEqual(initializers.large);
});

test('a graph that takes the model twice has each constant once, and reads it once', () => {
  const { disk, model } = stored();
  const graph = new Graph();
  for (const name of ['a', 'b']) model.splice({ graph, inputs: { x: graph.input(name, 'float32', [3, 16]) }, outputs: ['y'] });
  expect(graph.constants.map(({ name }) => name)).toEqual(['large', 'other', 'small']);
  expect(disk.reads).toBe(2);
});

test('values beside the model are read from there again', () => {
  const large = initializers.large as Tensor;
  let reads = 0;
  const whole = onnxFile({
    inputs: { x: { dtype: 'float32', dims: ['rows', 16] } },
    outputs: ['y'],
    initializers: { large },
    nodes: [{ type: 'MatMul', inputs: ['x', 'large'], outputs: ['y'] }],
    external: { large: { location: 'model.onnx_data', offset: '0', length: '4096' } },
  });
  let beside = packed(large);
  const externalData = (_: string, offset: number, length: number) => {
    reads++;
    return beside.subarray(offset, offset + length);
  };
  const file = { path: 'tower.onnx', read: () => new Uint8Array() };
  const weight = readModel(whole, { externalData, file }).weights.get('large')!;
  expect(weight.content()).toEqual(large);
  expect(reads).toBe(2);
  beside = beside.slice(0, 4000);
  expect(() => weight.content()).toThrow("The encoder's weights tower.onnx have changed since they were opened");
});

test.each<[string, Uint8Array | undefined, string, RegExp]>([
  [
    'that is gone',
    undefined,
    'IO',
    /^The encoder's weights tower\.onnx cannot be read again \(ENOENT: no such file\): limn reads them whenever they are needed and keeps no copy\. Put the file back/,
  ],
  [
    'with other numbers',
    bytes.map((byte) => byte ^ 1),
    'ENCODER',
    /^The encoder's weights tower\.onnx have changed since they were opened: .* Put/,
  ],
  ['that is shorter', bytes.subarray(0, 2000), 'ENCODER', /^The encoder's weights tower\.onnx have changed/],
])('a file %s is an error', (_, now, code, message) => {
  const { disk, model } = stored();
  disk.bytes = now;
  const read = () => model.weights.get('other')!.content();
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ code }));
});
