/** Where factors look: the weights that the attention itself uses, of the last layer, over the picture's places alone. */
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import * as f from '../../engine/graph/functions.js';
import { Graph, type Value } from '../../engine/graph/index.js';
import { openGraph, openGraphFile, randomTensor } from '../../engine/graph/testing/evaluate.js';
import { TrainingContext } from '../../engine/nn/context.js';
import { attention } from '../../engine/nn/layers.js';
import { float32, int64, type Tensor } from '../../engine/tensor/tensor.js';
import { attentionModel, limnTrainingModel } from '../retrieval/retrieval-graphs.js';
import { modelConfig } from './model-config.js';

describe('the weights that an attention hands out', () => {
  it('make its output, and sum to 1', async () => {
    const random = new Random(3);
    const [x, y] = [randomTensor(random, [2, 3, 8]), randomTensor(random, [2, 5, 8])];
    const graph = new Graph();
    const context = new TrainingContext(graph, random);
    const [xs, ys] = [graph.constant(x), graph.constant(y)];
    const onWeights = (weights: Value) => {
      graph.output('weights', weights);
      const of = (name: string) => context.parameters.get(`a.${name}`)!.value;
      const values = f.add(f.matmul(ys, of('value.weight')), of('value.bias'));
      const heads = f.transpose(f.reshape(values, [2, 5, 2, 4]), [0, 2, 1, 3]);
      graph.output('mixed', f.reshape(f.transpose(f.matmul(weights, heads), [0, 2, 1, 3]), [2, 3, 8]));
    };
    const output = attention(context, 'a', xs, { memory: ys, heads: 2, onWeights });
    const of = (name: string) => context.parameters.get(`a.${name}`)!;
    graph.output('output', output);
    const feeds = Object.fromEntries(
      [...context.parameters.values()].map(({ name, initial }): [string, Tensor] => [name, initial]),
    );
    const result = await (await openGraph(graph))(feeds);
    expect(result.weights?.shape).toEqual([2, 2, 3, 5]);
    const rows = Array.from({ length: 12 }, (_, i) => (result.weights!.data as Float32Array).slice(i * 5, (i + 1) * 5));
    for (const row of rows) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    // The output is the mixed values under the last linear map.
    const [mixed, weight] = [result.mixed!.data as Float32Array, of('out.weight').initial.data];
    const expected = Array.from({ length: 48 }, (_, i) => {
      const [row, column] = [Math.floor(i / 8), i % 8];
      let sum = of('out.bias').initial.data[column] as number;
      for (let k = 0; k < 8; k++) sum += (mixed[row * 8 + k] as number) * (weight[k * 8 + column] as number);
      return sum;
    });
    expect(relativeError(result.output, float32([2, 3, 8], expected))).toBeLessThan(1e-5);
  });
});

describe('attentionModel', () => {
  const config = modelConfig.parse({
    width: 16,
    factors: 3,
    layers: 2,
    heads: 2,
    words: 4,
    projection: 8,
    dropout: 0,
    localTokenPrior: 2,
    vocabularySize: 9,
    image: { kind: 'patch', size: 32, patch: 8, layers: 0 },
  });
  const random = new Random(5);
  const optimizer = { learningRate: 1e-3, totalSteps: 1, warmupSteps: 0, weightDecay: 0, clipNorm: 0 };
  const model = limnTrainingModel(config, { batchSize: 2, optimizer, random, buffers: {} });
  const weights = Object.fromEntries(model.parameters.map(({ name }): [string, Tensor] => [name, model.initialState[name]!]));
  const pixels = randomTensor(random, [2, 32, 32, 3], 0, 1);
  const words = (ids: number[]) => int64([2, 4], ids);
  const look = async (side: 'query' | 'gallery', changed: Record<string, Tensor> = {}, ids = [1, 2, 0, 0, 3, 4, 5, 0]) => {
    const run = await openGraphFile(attentionModel(side, config, { ...weights, ...changed }, 2));
    return (await run({ pixels, words: words(ids) })).attention as Tensor<'float32'>;
  };

  it.each(['query', 'gallery'] as const)('gives each factor weights over all places of the picture: %s', async (side) => {
    const { shape, data } = await look(side);
    expect(shape).toEqual([2, 3, 16]);
    for (let row = 0; row < 6; row++) {
      const part = data.subarray(row * 16, (row + 1) * 16);
      expect(part.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      expect(Math.max(...part) - Math.min(...part)).toBeGreaterThan(1e-4);
    }
    // Without queries nothing is looked at more than anything else.
    const zero = (name: string) => float32(weights[name]!.shape, new Float32Array(weights[name]!.data.length));
    const names = ['aggregation.layer1.attention.query.weight', 'aggregation.layer1.attention.query.bias'];
    const even = await look(side, Object.fromEntries(names.map((name) => [name, zero(name)])));
    for (const weight of even.data) expect(weight).toBeCloseTo(1 / 16, 6);
  });

  it('depends on the words of a query, and a target has none', async () => {
    const [one, other] = [await look('query'), await look('query', {}, [6, 2, 7, 0, 3, 4, 5, 0])];
    expect(relativeError(one, other)).toBeGreaterThan(1e-6);
    // The second row's words are the same.
    expect(Array.from(other.data.subarray(48))).toEqual(Array.from(one.data.subarray(48)));
    expect(relativeError(await look('gallery'), one)).toBeGreaterThan(1e-6);
  });
});
