/** The difference captioner: what it must ignore, cached against uncached decoding, and that it learns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { Session } from '../../engine/runtime/session.js';
import { toFloat16 } from '../../engine/tensor/float16.js';
import { sizeOf, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ImageConfig } from '../backbone/config.js';
import { Vocabulary } from '../encoders/text/vocabulary.js';
import type { ImageFeatures } from '../retrieval/image-features.js';
import { idCount } from './captioner.js';
import { type CaptionerConfigInput, captionerConfig } from './captioner-config.js';
import { captionerTrainingModel } from './captioner-graphs.js';
import { CaptionerModel, captionIds, type PairRows } from './captioner-model.js';
import type { DecodingOptions } from './decoding.js';

const vocabulary = Vocabulary.build(['is red and has short sleeves', 'is blue with a longer hem'], { buckets: 2 });
const features: ImageConfig = { kind: 'features', tokens: 3, channels: 4, globalChannels: 5, colourChannels: 0 };
const captions: ImageConfig = { kind: 'captions', words: 4 };
const count = 6;
const made: CaptionerModel[] = [];
afterAll(() => Promise.all(made.map((model) => model.close())));

const configOf = (changes: Partial<CaptionerConfigInput> = {}) =>
  captionerConfig.parse({
    width: 16,
    layers: 1,
    decoderLayers: 2,
    heads: 2,
    expansion: 2,
    dropout: 0,
    words: 5,
    vocabularySize: vocabulary.size,
    image: features,
    ...changes,
  });

/** Drawn pictures; captions of different lengths where these stand in for them. */
function drawnImages(config: ImageConfig, seed = 1): ImageFeatures {
  const random = new Random(seed);
  const halves = (shape: number[]) => toFloat16(Float32Array.from({ length: sizeOf(shape) }, () => random.normal()));
  const tables: Record<string, { shape: number[]; values: (number | bigint)[] }> =
    config.kind === 'captions'
      ? {
          caption: {
            shape: [4],
            values: Array.from({ length: count * 4 }, (_, i) =>
              i % 4 <= Math.floor(i / 4) % 4 ? BigInt(3 + random.below(8)) : 0n,
            ),
          },
        }
      : { local: { shape: [3, 4], values: [...halves([count, 3, 4])] }, global: { shape: [5], values: [...halves([count, 5])] } };
  const feeds = (rows: ArrayLike<number>, { prefix = '' } = {}) =>
    Object.fromEntries(
      Object.entries(tables).map(([name, { shape, values }]) => {
        const size = sizeOf(shape);
        const picked = Array.from(rows).flatMap((row) => values.slice(row * size, (row + 1) * size));
        const whole = [rows.length, ...shape];
        const value =
          config.kind === 'captions'
            ? tensor('int64', whole, BigInt64Array.from(picked as bigint[]))
            : tensor('float16', whole, Uint16Array.from(picked as number[]));
        return [prefix + name, value];
      }),
    ) as Record<string, Tensor>;
  return { feeds } as unknown as ImageFeatures;
}

const buffers = {
  'picture.local.mean': tensor('float32', [4], new Float32Array(4)),
  'picture.local.inverse_deviation': tensor('float32', [4], new Float32Array(4).fill(1)),
  'picture.global.mean': tensor('float32', [5], new Float32Array(5)),
  'picture.global.inverse_deviation': tensor('float32', [5], new Float32Array(5).fill(1)),
};

function trainingOf(changes: Partial<CaptionerConfigInput>, batchSize: number) {
  const config = configOf(changes);
  const optimizer = { learningRate: 0.01, totalSteps: 1000, warmupSteps: 0, weightDecay: 0, clipNorm: 1 };
  return { config, training: captionerTrainingModel(config, { batchSize, optimizer, random: new Random(3), buffers }) };
}

/** A captioner with drawn weights, spread so far that its texts differ. */
function drawnModel(changes: Partial<CaptionerConfigInput> = {}): CaptionerModel {
  const { config, training } = trainingOf(changes, 2);
  const random = new Random(9);
  const weights = Object.fromEntries(
    training.parameters.map(({ name, shape }) => {
      const initial = training.initialState[name]!.data as Float32Array;
      return [
        name,
        tensor(
          'float32',
          shape,
          initial.map((value) => value + 0.3 * random.normal()),
        ),
      ];
    }),
  );
  const model = new CaptionerModel({ config, vocabulary, weights: { ...weights, ...buffers }, encoder: { id: 'drawn' } });
  made.push(model);
  return model;
}

const pairs: PairRows[] = [
  [0, 1],
  [1, 0],
  [2, 3],
  [4, 5],
  [3, 3],
];

describe('decoding', () => {
  const ways: DecodingOptions[] = [
    { strategy: 'greedy' },
    { strategy: 'beam', beams: 3, lengthPenalty: 0.7 },
    { strategy: 'nucleus', topP: 0.95, temperature: 1.3, seed: 5 },
  ];
  it.each([
    ['features', {}],
    ['features', { localTokenPrior: 0.1 }],
    ['captions', {}],
  ] as const)('writes the same words with and without cached keys and values: %s %o', async (kind, changes) => {
    const image = kind === 'features' ? features : captions;
    const model = drawnModel({ image, ...changes });
    const source = drawnImages(image);
    for (const decoding of ways) {
      const cached = await model.caption(source, pairs, { decoding, batchSize: 2 });
      const plain = await model.caption(source, pairs, { decoding, batchSize: 2, cached: false });
      expect(cached.map(({ text }) => text)).toEqual(plain.map(({ text }) => text));
      cached.forEach(({ likelihood }, i) => {
        expect(likelihood).toBeCloseTo(plain[i]?.likelihood as number, 4);
      });
    }
  });

  it('weighs local tokens as many as `localTokenPrior`: as many as there are, and nothing changes', async () => {
    const source = drawnImages(features);
    const likelihood = async (changes: Partial<CaptionerConfigInput>) =>
      (await drawnModel(changes).likelihoods(source, pairs.slice(0, 1), ['is red']))[0] as number;
    const plain = await likelihood({});
    expect(await likelihood({ localTokenPrior: 3 })).toBeCloseTo(plain, 5);
    expect(Math.abs((await likelihood({ localTokenPrior: 0.01 })) - plain)).toBeGreaterThan(1e-3);
  });

  it('does not depend on the batch, and tells the likelihood of any text', async () => {
    const model = drawnModel();
    const source = drawnImages(features);
    const together = await model.caption(source, pairs);
    const alone = await model.caption(source, pairs.slice(2, 3), { batchSize: 1 });
    expect(alone[0]?.text).toBe(together[2]?.text);
    expect(new Set(together.map(({ text }) => text)).size).toBeGreaterThan(1);
    const texts = together.map(({ text }) => text);
    const told = await model.likelihoods(source, pairs, texts, 2);
    told.forEach((value, i) => {
      expect(value).toBeCloseTo(together[i]?.likelihood as number, 4);
    });
    const others = await model.likelihoods(
      source,
      pairs,
      texts.map(() => 'is blue'),
      5,
    );
    expect(others).not.toEqual(told);
  });

  it('writes words of the vocabulary alone, at least one and no more than it may', async () => {
    const model = drawnModel();
    const texts = await model.caption(drawnImages(features), pairs, {
      decoding: { strategy: 'nucleus', topP: 1, temperature: 5 },
    });
    for (const { text } of texts) {
      const words = text.split(' ');
      expect(words.length).toBeGreaterThan(0);
      expect(words.length).toBeLessThanOrEqual(5);
      expect(words.every((word) => vocabulary.words.includes(word))).toBe(true);
    }
  });
});

describe('what it sees', () => {
  it('is both pictures, in their order', async () => {
    const model = drawnModel();
    const source = drawnImages(features);
    const [forth, back] = await model.likelihoods(
      source,
      [
        [0, 1],
        [1, 0],
      ],
      ['is red', 'is red'],
    );
    expect(Math.abs((forth as number) - (back as number))).toBeGreaterThan(1e-3);
  });

  it('is the target alone for the baseline', async () => {
    const model = drawnModel({ sees: 'target' });
    const source = drawnImages(features);
    const [one, other] = await model.likelihoods(
      source,
      [
        [0, 1],
        [2, 1],
      ],
      ['is red', 'is red'],
    );
    expect(one).toBe(other);
    expect(Object.keys(model.parts.weights).filter((name) => /reference|difference/.test(name))).toEqual([]);
  });

  it('is not what is padded', async () => {
    const model = drawnModel({ image: captions });
    const source = drawnImages(captions);
    const [before] = await model.likelihoods(source, [[0, 1]], ['is red']);
    // The vectors of padding, in captions and in texts, are of no account.
    const weights = { ...model.parts.weights };
    for (const name of ['text.words', 'decoder.words']) {
      const { shape, data } = weights[name] as Tensor<'float32'>;
      const changed = data.map((value, i) => (i < (shape[1] as number) ? value + 3 : value));
      weights[name] = tensor('float32', shape, changed);
    }
    // The word vectors are the output's too: there padding is a word that is never written.
    const bias = weights['decoder.bias'] as Tensor<'float32'>;
    weights['decoder.bias'] = tensor(
      'float32',
      bias.shape,
      bias.data.map((value, id) => (id === 0 ? -1e9 : value)),
    );
    const first = new CaptionerModel({
      ...model.parts,
      weights: { ...model.parts.weights, 'decoder.bias': weights['decoder.bias'] },
    });
    const other = new CaptionerModel({ ...model.parts, weights });
    made.push(first, other);
    const [plain] = await first.likelihoods(source, [[0, 1]], ['is red']);
    const [after] = await other.likelihoods(source, [[0, 1]], ['is red']);
    expect(plain).not.toBe(before);
    expect(after).toBeCloseTo(plain as number, 4);
  });
});

it('makes ids of a text: start, words, end, and nothing behind', () => {
  const config = configOf();
  const ids = [...captionIds(vocabulary, config, ['is red', 'is red and has short sleeves today'])].map(Number);
  const word = (text: string) => vocabulary.idOf(text);
  const [start, end] = [vocabulary.size, vocabulary.size + 1];
  expect(ids.slice(0, 7)).toEqual([start, word('is'), word('red'), end, 0, 0, 0]);
  expect(ids.slice(7)).toEqual([start, ...['is', 'red', 'and', 'has', 'short'].map(word), end]);
  expect(idCount(config)).toBe(vocabulary.size + 2);
});

it('learns to tell pairs apart, and is the same when it is opened again', async () => {
  const { config, training } = trainingOf({ labelSmoothing: 0 }, 4);
  const source = drawnImages(features);
  const texts = ['is red', 'is blue with a hem', 'has short sleeves', 'has longer sleeves and hem'];
  const some = pairs.slice(0, 4);
  const session = await Session.open(training.model, { label: 'captioner training', carry: training.carry });
  await session.setResident(training.initialState);
  const feeds = {
    ...source.feeds(
      some.map(([reference]) => reference),
      { prefix: 'reference.' },
    ),
    ...source.feeds(
      some.map(([, target]) => target),
      { prefix: 'target.' },
    ),
    words: tensor('int64', [4, 7], captionIds(vocabulary, config, texts)),
  };
  let accuracy = 0;
  for (let step = 0; step < 120; step++) {
    const report = await session.run(feeds, { fetch: training.reported });
    accuracy = (report.accuracy!.data as Float32Array)[0] as number;
  }
  expect(accuracy).toBe(1);
  const parameters = await session.getResident(training.parameters.map(({ name }) => name));
  await session.close();
  const model = new CaptionerModel({ config, vocabulary, weights: { ...parameters, ...buffers }, encoder: { id: 'drawn' } });
  made.push(model);
  const written = await model.caption(source, some, { decoding: { strategy: 'beam' } });
  expect(written.map(({ text }) => text)).toEqual(texts);
  const folder = await mkdtemp(join(tmpdir(), 'limn-captioner-'));
  await model.save(folder);
  const again = await CaptionerModel.open(folder);
  made.push(again);
  expect(await again.caption(source, some, { decoding: { strategy: 'beam' } })).toEqual(written);
  await rm(folder, { recursive: true, force: true });
});
