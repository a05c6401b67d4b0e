/** Batch normalisation in training mode: of weights, which BiT and NFNet standardise with it, and of images, where it depends on the batch. */
import { expect, test } from 'vitest';
import { Random } from '../../../core/random.js';
import { float32, type Tensor } from '../../tensor/tensor.js';
import { Graph, readModel, type Value } from '../index.js';
import { gradientError, openGraph, randomTensor } from '../testing/evaluate.js';
import { onnxFile } from '../testing/onnx-file.js';

const [channels, size, epsilon] = [2, 6, 1e-5];
const weight = randomTensor(new Random(3), [1, channels, size], -1, 2);
const scale = float32([channels], [2, 0.5]);
const zeros = float32([channels], [0, 0]);

/** x times a weight of (1, 2, 6) that has been standardised, or x standardised itself. */
function fileOf(standardized: 'weight' | 'x') {
  const other = standardized === 'x' ? 'weight' : 'x';
  return onnxFile({
    inputs: { x: { dtype: 'float32', dims: [1, channels, size] } },
    outputs: ['y'],
    initializers: { weight, 'norm.weight': scale, 'onnx::BN_1': zeros, 'onnx::BN_2': zeros, 'onnx::BN_3': scale },
    nodes: [
      {
        type: 'BatchNormalization',
        name: 'norm',
        inputs: [standardized, 'norm.weight', 'onnx::BN_1', 'onnx::BN_2', 'onnx::BN_3'],
        outputs: ['made', 'mean', 'variance'],
        attributes: { training_mode: 1 },
      },
      { type: 'Mul', inputs: [other, 'made'], outputs: ['y'] },
    ],
  });
}

const inputOf = (graph: Graph) => ({ x: graph.input('x', 'float32', [1, channels, size]) });

test('standardises weights, with gradients through their statistics', async () => {
  const graph = new Graph();
  const taken: Record<string, Tensor> = {};
  const { y } = readModel(fileOf('weight')).splice({
    graph,
    inputs: inputOf(graph),
    outputs: ['y'],
    weight: (name, weight) => {
      taken[name] = weight.content();
      return graph.input(name, weight.dtype, weight.shape);
    },
  });
  graph.output('y', y!);
  expect(Object.keys(taken)).toEqual(['weight', 'norm.weight']);
  const x = float32([1, channels, size], new Array(channels * size).fill(1));
  const result = await (await openGraph(graph))({ x, ...taken });
  for (let channel = 0; channel < channels; channel++) {
    const row = [...(weight.data as Float32Array)].slice(channel * size, (channel + 1) * size);
    const mean = row.reduce((a, b) => a + b) / size;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    const expected = row.map((value) => ((value - mean) / Math.sqrt(variance + epsilon)) * (scale.data[channel] as number));
    const found = [...result.y!.data].slice(channel * size, (channel + 1) * size);
    expect(found).toEqual(expected.map((value) => expect.closeTo(value, 5)));
  }
  const uneven = randomTensor(new Random(5), [1, channels, size], -1, 1);
  const build = (x1: Value, w: Value, gain: Value) =>
    readModel(fileOf('weight')).splice({
      graph: x1.graph,
      inputs: { x: x1 },
      outputs: ['y'],
      weight: (name) => (name === 'weight' ? w : gain),
    }).y!;
  expect(await gradientError([uneven, weight, scale], build)).toBeLessThan(1e-2);
});

test('refuses images, whose values would depend on those beside them', () => {
  const graph = new Graph();
  expect(() => readModel(fileOf('x')).splice({ graph, inputs: inputOf(graph), outputs: ['y'] })).toThrow(
    'Node norm of the ONNX file cannot be imported: BatchNormalization: it is in training mode: export the model in evaluation mode.',
  );
});
