import { expect, it } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import { Graph } from '../../engine/graph/index.js';
import { openGraph, randomTensor } from '../../engine/graph/testing/evaluate.js';
import { InferenceContext } from '../../engine/nn/context.js';
import { float32, type Tensor } from '../../engine/tensor/tensor.js';
import { encodeImage } from '../backbone/image.js';
import { type ModelConfigInput, modelConfig } from '../methods/model-config.js';
import { averageImage } from './average-image.js';

const configOf = (image: ModelConfigInput['image']) => modelConfig.parse({ width: 4, heads: 2, vocabularySize: 2, image });

it('is 0 once it is standardised: what is left of a feature is the bias', async () => {
  const config = configOf({ kind: 'features', tokens: 5, channels: 6, globalChannels: 3, colourChannels: 0 });
  const random = new Random(1);
  // Numbers that binary16 keeps.
  const eighths = (count: number) =>
    float32(
      [count],
      Array.from({ length: count }, () => Math.round(64 * random.normal()) / 8),
    );
  const weights: Record<string, Tensor> = {
    'picture.positions': randomTensor(random, [5, 4]),
    'picture.local.mean': eighths(6),
    'picture.local.inverse_deviation': randomTensor(random, [6], 0.5, 1.5),
    'picture.local.content.weight': randomTensor(random, [6, 4]),
    'picture.local.content.bias': float32([4], [1, 2, 3, 4]),
    'picture.global.mean': eighths(3),
    'picture.global.inverse_deviation': randomTensor(random, [3], 0.5, 1.5),
    'picture.global.content.weight': randomTensor(random, [3, 4]),
    'picture.global.content.bias': float32([4], [5, 6, 7, 8]),
  };
  const average = averageImage(config, weights);
  const graph = new Graph();
  const inputs = Object.entries(average.feeds([0, 0])).map(([name, value]) => [name, graph.constant(value)] as const);
  const { tokens, global } = encodeImage(new InferenceContext(graph, weights), config, Object.fromEntries(inputs));
  graph.output('tokens', tokens!);
  graph.output('global', global);
  const result = await (await openGraph(graph))({});
  const positions = weights['picture.positions']!.data as Float32Array;
  const once = Array.from(positions, (value, i) => value + (i % 4) + 1);
  expect(relativeError(result.tokens, float32([2, 5, 4], [...once, ...once]))).toBeLessThan(1e-6);
  expect(relativeError(result.global, float32([2, 4], [5, 6, 7, 8, 5, 6, 7, 8]))).toBeLessThan(1e-6);
  expect(Object.keys(average.feeds([0], { prefix: 'a.', local: false }))).toEqual(['a.global']);
  expect(() => averageImage(config, {}).feeds([0])).toThrow('The weights lack picture.');
});

it('is grey where a model sees pixels, and without words where captions stand in', () => {
  const of = (image: ModelConfigInput['image'], name: string) => {
    const { data, shape } = averageImage(configOf(image), {}).feeds([0, 0])[name]!;
    return { shape, values: [...new Set(Array.from(data as ArrayLike<number | bigint>, Number))] };
  };
  expect(of({ kind: 'patch', size: 8, patch: 4, layers: 0 }, 'pixels')).toEqual({ shape: [2, 8, 8, 3], values: [0.5] });
  const trainable = { kind: 'tuned', size: 8, layout: 'NCHW', tokens: 4, channels: 3, globalChannels: 3, from: 0 } as const;
  expect(of(trainable, 'pixels')).toEqual({ shape: [2, 3, 8, 8], values: [0] });
  expect(of({ kind: 'captions', words: 3 }, 'caption')).toEqual({ shape: [2, 3], values: [0] });
});
