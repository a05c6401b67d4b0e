/** Parameters that a file has twice: of one module that is called twice, or of two modules that are equal still. */
import { expect, test } from 'vitest';
import { float32 } from '../../tensor/tensor.js';
import { blocksOf, readModel } from '../index.js';
import { type FileNodeSpec, onnxFile } from '../testing/onnx-file.js';

const uneven = float32([2, 2], [1, 2, 3, 4]);
const even = float32([2, 2], [1, 1, 1, 1]);

/** x times a weight twice, the second time by a copy that stands before everything else. */
function modelOf(first: string, second: string, content = uneven) {
  const product = (path: string, x: string, weight: string, y: string): FileNodeSpec => ({
    type: 'MatMul',
    name: `/${path}/MatMul`,
    inputs: [x, weight],
    outputs: [y],
  });
  return readModel(
    onnxFile({
      inputs: { x: { dtype: 'float32', dims: [2, 2] } },
      outputs: ['y'],
      initializers: { 'onnx::MatMul_9': content },
      nodes: [
        { type: 'Identity', inputs: ['onnx::MatMul_9'], outputs: ['onnx::MatMul_8'] },
        product(first, 'x', 'onnx::MatMul_8', 'a'),
        product(second, 'a', 'onnx::MatMul_9', 'y'),
      ],
    }),
  );
}

test.each([
  ['one layer called twice', 'layers.0/fc_1', 'layers.0/fc', uneven, 1],
  ['two layers of equal numbers', 'layers.0/fc', 'layers.1/fc', uneven, 2],
  ['layers whose numbers come after a line', 'encoder_layer_1/fc', 'encoder_layer_2/fc', uneven, 2],
  ['two calls, of numbers that are all the same', 'layers.0/fc_1', 'layers.0/fc', even, 2],
])('%s', (_, first, second, content, count) => {
  expect(modelOf(first, second, content).weights.size).toBe(count);
});

test('blocks stand in the order in which they are computed, not in that of copies', () => {
  expect(blocksOf(modelOf('layers.0/fc', 'layers.1/fc')).map(({ name }) => name)).toEqual(['layers.0', 'layers.1']);
});
