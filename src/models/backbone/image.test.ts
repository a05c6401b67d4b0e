/** Pictures as features and as pixels. Their whole path with gradients is held to PyTorch in limn.test.ts. */
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import { Graph } from '../../engine/graph/index.js';
import { type Feeds, openGraph, randomTensor } from '../../engine/graph/testing/evaluate.js';
import { InferenceContext } from '../../engine/nn/context.js';
import { toFloat16 } from '../../engine/tensor/float16.js';
import { float32, int64, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import { type ModelConfigInput, modelConfig } from '../methods/model-config.js';
import { encodeImage, imageInputs } from './image.js';

const configOf = (image: ModelConfigInput['image'], width = 4) =>
  modelConfig.parse({ width, heads: 2, vocabularySize: 2, image });

const half = (shape: number[], values: Float32Array) => tensor('float16', shape, toFloat16(values));

async function encode(image: ModelConfigInput['image'], weights: Record<string, Tensor>, feeds: Feeds, width?: number) {
  const graph = new Graph();
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, graph.constant(value)]));
  const encoded = encodeImage(new InferenceContext(graph, weights), configOf(image, width), inputs);
  for (const [name, value] of Object.entries(encoded)) graph.output(name, value);
  return (await openGraph(graph))({});
}

describe('features of a frozen encoder', () => {
  const image = { kind: 'features', tokens: 5, channels: 6, globalChannels: 3, colourChannels: 0 } as const;
  const random = new Random(1);
  const weights = Object.fromEntries(
    Object.entries({
      positions: [5, 4],
      'local.mean': [6],
      'local.inverse_deviation': [6],
      'local.content.weight': [6, 4],
      'local.content.bias': [4],
      'global.mean': [3],
      'global.inverse_deviation': [3],
      'global.content.weight': [3, 4],
      'global.content.bias': [4],
    }).map(([name, shape]) => [`picture.${name}`, randomTensor(random, shape, 0.5, 1.5)]),
  );
  const feeds = { local: half([2, 5, 6], randomTensor(random, [60]).data), global: half([2, 3], randomTensor(random, [6]).data) };

  it('are the same tokens when only some of them are given with their places', async () => {
    const all = (await encode(image, weights, feeds)).tokens!;
    const places = [
      [4, 0],
      [1, 3],
    ];
    const rows = <T extends Uint16Array | Float32Array>(data: T, width: number) =>
      places.flatMap((seen, item) =>
        seen.flatMap((place) => [...data.subarray((item * 5 + place) * width, (item * 5 + place + 1) * width)]),
      );
    const local = tensor('float16', [2, 2, 6], Uint16Array.from(rows(feeds.local.data, 6)));
    const some = await encode(image, weights, { ...feeds, local, places: int64([2, 2], places.flat()) });
    expect(relativeError(some.tokens, float32([2, 2, 4], rows(all.data as Float32Array, 4)))).toBeLessThan(1e-6);
  });

  it('without local ones need no parameter of theirs and give the same global vector', async () => {
    const globals = Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith('picture.global.')));
    const alone = await encode(image, globals, { global: feeds.global });
    expect(Object.keys(alone)).toEqual(['global']);
    expect(relativeError(alone.global, (await encode(image, weights, feeds)).global)).toBeLessThan(1e-6);
  });

  it('are declared as what is wanted of them', () => {
    const shapes = (options: Parameters<typeof imageInputs>[2]) =>
      Object.entries(imageInputs(image, 7, options)).map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape}`);
    expect(shapes({})).toEqual(['global float16 7,3', 'local float16 7,5,6']);
    expect(shapes({ prefix: 'a.', local: false, seen: 2 })).toEqual(['a.global float16 7,3']);
    expect(shapes({ seen: 2 })).toEqual(['global float16 7,3', 'local float16 7,2,6', 'places int64 7,2']);
  });
});

describe('pixels', () => {
  it('are cut into patches row by row, each with its place, as worked out by hand', async () => {
    // Weights of 1 on red alone and of 2 on blue alone: a token is (4 * sum of (red - 0.5), 8 * sum of (blue - 0.5)).
    const patchWeight = Array.from({ length: 12 }, (_, i) => [i % 3 === 0 ? 1 : 0, i % 3 === 2 ? 2 : 0]).flat();
    const weights = {
      'picture.patch.weight': float32([12, 2], patchWeight),
      'picture.patch.bias': float32([2], [0, 0]),
      'picture.positions': float32([4, 2], [0, 0, 0, 100, 0, 200, 0, 300]),
      'picture.norm.scale': float32([2], [1, 1]),
      'picture.norm.bias': float32([2], [0, 0]),
      'picture.global.weight': float32([2, 2], [1, 0, 0, 1]),
      'picture.global.bias': float32([2], [5, 5]),
    };
    // Red is 0.5 but for one pixel of each patch: left and right above, left and right below. Green must not matter.
    const red = [
      [1, 0.5, 0.5, 0.75],
      [0.5, 0.5, 0.5, 0.5],
      [0.5, 0.5, 0.5, 0.5],
      [0.5, 0, 0.25, 0.5],
    ];
    const pixels = float32(
      [1, 4, 4, 3],
      red.flat().flatMap((value, i) => [value, i / 16, 0.5]),
    );
    const result = await encode({ kind: 'patch', size: 4, patch: 2, layers: 0 }, weights, { pixels }, 2);
    expect(Array.from(result.tokens!.data as Float32Array)).toEqual([2, 0, 1, 100, -2, 200, -1, 300]);
    // Their mean is (0, 150), normalised (-1, 1).
    const [a, b] = result.global!.data as Float32Array;
    expect(a).toBeCloseTo(4, 4);
    expect(b).toBeCloseTo(6, 4);
  });
});
