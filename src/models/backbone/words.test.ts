/** Texts, and captions in place of pictures: what padding does, and what the two share. */
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import { Graph } from '../../engine/graph/index.js';
import { openGraph, randomTensor } from '../../engine/graph/testing/evaluate.js';
import { InferenceContext, TrainingContext } from '../../engine/nn/context.js';
import { float32, int64, type Tensor } from '../../engine/tensor/tensor.js';
import { type ModelConfigInput, modelConfig } from '../methods/model-config.js';
import { encodeImage } from './image.js';
import { encodeText } from './text.js';

const configOf = (captionWords: number, changes: Partial<ModelConfigInput> = {}) =>
  modelConfig.parse({
    width: 4,
    heads: 2,
    expansion: 2,
    textLayers: 1,
    words: 3,
    vocabularySize: 7,
    dropout: 0,
    image: { kind: 'captions', words: captionWords },
    ...changes,
  });

/** Random parameters of both sides, by name. */
function randomWeights(config: ReturnType<typeof configOf>): Record<string, Tensor<'float32'>> {
  const graph = new Graph();
  const context = new TrainingContext(graph, new Random(1));
  encodeImage(context, config, { caption: graph.input('caption', 'int64', [1, captionWords(config)]) });
  encodeText(context, config, { words: graph.input('words', 'int64', [1, config.words]) });
  const random = new Random(2);
  return Object.fromEntries([...context.parameters.values()].map(({ name, shape }) => [name, randomTensor(random, shape)]));
}

const captionWords = ({ image }: ReturnType<typeof configOf>) => (image as { words: number }).words;

type Weights = Record<string, Tensor<'float32'>>;

/** The encodings of captions and of texts, given as rows of word ids. */
async function encode(config: ReturnType<typeof configOf>, weights: Weights, captions: number[][], texts = [[1, 0, 0]]) {
  const graph = new Graph();
  const context = new InferenceContext(graph, weights);
  const ids = (rows: number[][]) => graph.constant(int64([rows.length, rows[0]!.length], rows.flat()));
  const sides = {
    caption: encodeImage(context, config, { caption: ids(captions) }),
    text: encodeText(context, config, { words: ids(texts) }),
  };
  for (const [side, encoded] of Object.entries(sides)) {
    for (const [part, value] of Object.entries(encoded)) graph.output(`${side}.${part}`, value);
  }
  return (await openGraph(graph))({});
}

/** The first rows of a table. */
const head = (table: Tensor<'float32'>, rows: number) =>
  float32([rows, table.shape[1]!], table.data.subarray(0, rows * table.shape[1]!));

describe('captions in place of pictures', () => {
  it('are the mean of their words under the linear map, as worked out by hand', async () => {
    const config = configOf(3, { width: 2, heads: 1, textLayers: 0, vocabularySize: 4 });
    const weights = {
      'text.words': float32([4, 2], [100, 100, 1, 2, 3, 5, 7, 11]),
      'text.positions': float32([3, 2], [0, 0, 0, 0, 0, 0]),
      'text.global.weight': float32([2, 2], [1, 0, 0, 1]),
      'text.global.bias': float32([2], [0, 0]),
      'picture.positions': float32([3, 2], [0.5, 0, 0, 0.5, 50, 50]),
      'picture.global.weight': float32([2, 2], [1, 0, 2, -1]),
      'picture.global.bias': float32([2], [0, 10]),
    };
    const result = await encode(config, weights, [
      [1, 3, 0],
      [2, 0, 0],
    ]);
    // Row 0: the mean of (1.5, 2) and (7, 11.5) is (4.25, 6.75), and (4.25 + 2 * 6.75, 10 - 6.75). Row 1: (3.5 + 2 * 5, 10 - 5).
    expect(Array.from(result['caption.global']!.data as Float32Array)).toEqual([17.75, 3.25, 13.5, 5]);
    const tokens = result['caption.tokens']!.data as Float32Array;
    expect(Array.from(tokens.slice(0, 4))).toEqual([1.5, 2, 7, 11.5]);
    expect(Array.from(result['caption.bias']!.data as Float32Array, Math.abs)).toEqual([0, 0, 1e9, 0, 1e9, 1e9]);
  });

  it('are the same with more room behind them, and whatever stands there', async () => {
    const wide = configOf(6);
    const weights = randomWeights(wide);
    const captions = [
      [5, 2, 6],
      [3, 0, 0],
    ];
    const narrow = { ...weights, 'picture.positions': head(weights['picture.positions']!, 3) };
    const expected = await encode(configOf(3), narrow, captions);
    const padded = captions.map((row) => [...row, 0, 0, 0]);
    const result = await encode(wide, weights, padded);
    expect(relativeError(result['caption.global'], expected['caption.global'])).toBeLessThan(1e-6);
    const words = weights['text.words']!;
    const moved = {
      ...weights,
      'text.words': float32(
        words.shape,
        words.data.map((x, i) => (i < 4 ? x + 9 : x)),
      ),
    };
    const other = await encode(wide, moved, padded);
    expect(relativeError(other['caption.global'], expected['caption.global'])).toBeLessThan(1e-6);
    expect(relativeError(other['text.global'], expected['text.global'])).toBeLessThan(1e-6);
    const longer = await encode(wide, weights, [[...captions[0]!, 1, 0, 0], padded[1]!]);
    expect(relativeError(longer['caption.global'], expected['caption.global'])).toBeGreaterThan(1e-3);
  });

  it('share their table of words with the texts, and nothing else', async () => {
    const config = configOf(3);
    const weights = randomWeights(config);
    const names = Object.keys(weights);
    expect(names.filter((name) => name.endsWith('words'))).toEqual(['text.words']);
    const without = (side: string) =>
      names
        .flatMap((name) => (name.startsWith(`${side}.`) ? [name.slice(side.length + 1)] : []))
        .filter((name) => name !== 'words');
    expect(without('picture')).toEqual(without('text'));
    // Another vector of word 5 changes the captions and the texts that have it, and no others.
    const words = weights['text.words']!;
    const moved = {
      ...weights,
      'text.words': float32(
        words.shape,
        words.data.map((x, i) => (Math.floor(i / 4) === 5 ? -x : x)),
      ),
    };
    const rows = [
      [1, 5, 0],
      [1, 4, 0],
    ];
    const [before, after] = [await encode(config, weights, rows, rows), await encode(config, moved, rows, rows)];
    for (const side of ['caption.global', 'text.global']) {
      const [old, now] = [before, after].map((result) => result[side]!.data as Float32Array) as [Float32Array, Float32Array];
      const changed = old.map((x, i) => Math.abs(x - now[i]!));
      expect(Math.max(...changed.slice(0, 4)), side).toBeGreaterThan(1e-3);
      expect(Math.max(...changed.slice(4)), side).toBe(0);
    }
    expect(relativeError(before['caption.global'], before['text.global'])).toBeGreaterThan(1e-3);
  });

  it('without any word are finite', async () => {
    const config = configOf(3);
    const result = await encode(config, randomWeights(config), [[0, 0, 0]]);
    for (const [name, { data }] of Object.entries(result))
      expect(Array.from(data, Number).every(Number.isFinite), name).toBe(true);
  });
});
