/** What is promised of every method, and of every kind of picture. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import type { Feeds } from '../../engine/graph/testing/evaluate.js';
import type { InputSpec, TrainingModel } from '../../engine/nn/training.js';
import { toFloat16 } from '../../engine/tensor/float16.js';
import { float32, sizeOf, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ImageConfig } from '../backbone/config.js';
import { imageInputs } from '../backbone/image.js';
import { Vocabulary } from '../encoders/text/vocabulary.js';
import { joinEmbeddings } from '../retrieval/embeddings.js';
import type { FeedOptions, ImageFeatures } from '../retrieval/image-features.js';
import { galleryModel, limnTrainingModel, queryModel } from '../retrieval/retrieval-graphs.js';
import { RetrievalModel } from '../retrieval/retrieval-model.js';
import { openModel } from '../testing/traced.js';
import type { ModelConfig } from './define-method.js';
import { methodOf, methods } from './methods.js';
import { type ModelConfigInput, modelConfig } from './model-config.js';

const vocabulary = Vocabulary.build(['the same in red with short sleeves and a blue collar']);
const images: Record<Exclude<ImageConfig['kind'], 'tuned'>, ImageConfig> = {
  features: { kind: 'features', tokens: 4, channels: 5, globalChannels: 6, colourChannels: 2 },
  patch: { kind: 'patch', size: 8, patch: 4, layers: 0 },
  captions: { kind: 'captions', words: 4 },
};
const batch = 6;

const configOf = (changes: Partial<ModelConfigInput>) =>
  modelConfig.parse({
    width: 8,
    factors: 3,
    layers: 1,
    heads: 2,
    expansion: 2,
    projection: 4,
    words: 5,
    dropout: 0,
    vocabularySize: vocabulary.size,
    image: images.features,
    ...changes,
  });

const buffers = Object.fromEntries(
  Object.entries({ local: 7, global: 8 }).flatMap(([kind, channels]) =>
    ['mean', 'inverse_deviation'].map((name, value) => [
      `picture.${kind}.${name}`,
      float32([channels], new Array(channels).fill(value)),
    ]),
  ),
);

/** Normal values, and word ids that are not 0. */
function randomTensors(random: Random, specs: Readonly<Record<string, InputSpec>>): Feeds {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]) => {
      const values = Array.from({ length: sizeOf(shape) }, () => random.normal());
      if (dtype === 'float32') return [name, float32(shape, values)];
      if (dtype === 'float16') return [name, tensor('float16', shape, toFloat16(values))];
      const id = () => BigInt(1 + Math.floor(random.uniform() * (vocabulary.size - 1)));
      return [name, tensor('int64', shape, BigInt64Array.from(values, id))];
    }),
  );
}

/** A batch of another picture and another text for each row; rows 0 and 3 want the same picture. */
function randomBatch(config: ModelConfig): Feeds {
  const random = new Random(5);
  const apart = new Float32Array(batch * batch);
  const target = randomTensors(random, imageInputs(config.image, batch, { prefix: 'target.' }));
  for (const { data } of Object.values(target)) data.copyWithin(3 * (data.length / batch), 0, data.length / batch);
  apart[3] = 1;
  apart[3 * batch] = 1;
  return {
    ...randomTensors(random, imageInputs(config.image, batch, { prefix: 'reference.' })),
    ...randomTensors(random, { words: { dtype: 'int64', shape: [batch, config.words] } }),
    ...target,
    sameTarget: tensor('float32', [batch, batch], apart),
    referenceAnswers: tensor('float32', [batch, batch], new Float32Array(batch * batch)),
  };
}

const trainingOf = (config: ModelConfig) =>
  limnTrainingModel(config, {
    batchSize: batch,
    optimizer: { learningRate: 0.01, totalSteps: 30, finalFraction: 1 },
    random: new Random(3),
    buffers,
  });

/** The losses of some steps on one batch, and the names of what was fed. */
async function train({ model, initialState, carry }: TrainingModel, feeds: Feeds, steps: number) {
  const { inputs, run } = await openModel(model);
  let state: Record<string, Tensor> = initialState;
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const result = await run({ ...feeds, ...state });
    losses.push(result.loss!.data[0] as number);
    state = Object.fromEntries(Object.entries(carry).map(([output, input]) => [input, result[output]!]));
  }
  return { losses, fed: inputs.filter((name) => !(name in initialState)) };
}

function untrained(config: ModelConfig): Record<string, Tensor> {
  const { parameters, initialState } = trainingOf(config);
  return { ...buffers, ...Object.fromEntries(parameters.map(({ name }) => [name, initialState[name]!])) };
}

/** The names without their prefix that a batch of such pictures feeds. */
const imageNames = (config: ModelConfig, prefix = '') =>
  Object.keys(imageInputs(config.image, 1, { prefix, local: methodOf(config).local(config) }));

const cases: [string, Partial<ModelConfigInput>][] = [
  ...methods.ids.map((method): [string, Partial<ModelConfigInput>] => [method, { method }]),
  ['limn of pictures', { query: 'picture' }],
  ['limn of texts', { query: 'text' }],
  ['tg-cir on patches', { method: 'tg-cir', image: images.patch }],
  ['limn on captions', { image: images.captions }],
  ['limn on global captions', { image: images.captions, features: 'global' }],
  ['tg-cir on captions', { method: 'tg-cir', image: images.captions }],
  ['combiner on captions', { method: 'combiner', image: images.captions }],
  ['text-only with reference negatives', { method: 'text-only', referenceNegatives: true }],
  ['limn with all options', { referenceNegatives: true, symmetric: 0.5, labelSmoothing: 0.1, factorWeights: 'learned' }],
];

describe.each(cases)('%s', (_, changes) => {
  const config = configOf(changes);
  const method = methodOf(config);
  const sees = method.sees(config);

  it('learns its batch, and is fed only what it sees', async () => {
    const { losses, fed } = await train(trainingOf(config), randomBatch(config), 25);
    expect(losses.every(Number.isFinite)).toBe(true);
    // With smoothing the loss cannot come near 0.
    expect(losses.at(-1)).toBeLessThan((config.labelSmoothing ? 0.8 : 0.7) * losses[0]!);
    const references = sees.image || config.referenceNegatives ? imageNames(config, 'reference.') : [];
    const pairs = ['sameTarget', ...(config.referenceNegatives ? ['referenceAnswers'] : [])];
    const query = [...references, ...(sees.text ? ['words'] : [])];
    expect(fed.sort()).toEqual([...query, ...imageNames(config, 'target.'), ...pairs].sort());
  });

  it('embeds queries and targets with vectors of length 1 and its factors, each row by itself', async () => {
    const weights = untrained(config);
    const feeds = randomBatch(config);
    const under = (prefix: string) =>
      Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name.replace(prefix, ''), value]));
    for (const [build, prefix, wanted] of [
      [queryModel, 'reference.', [...(sees.image ? imageNames(config) : []), ...(sees.text ? ['words'] : [])]],
      [galleryModel, 'target.', imageNames(config)],
    ] as const) {
      const encoder = await openModel(build(config, weights, batch));
      expect([...encoder.inputs].sort()).toEqual([...wanted].sort());
      const { matching, factors } = await encoder.run(under(prefix));
      const width = matching!.shape[1]!;
      const rowOf = (value: Tensor, row: number) => (value.data as Float32Array).slice(row * width, (row + 1) * width);
      expect(matching!.shape[0]).toBe(batch);
      for (let row = 0; row < batch; row++) expect(Math.hypot(...rowOf(matching!, row))).toBeCloseTo(1, 5);
      expect(factors?.shape).toEqual(method.factors(config) > 0 ? [batch, method.factors(config), config.projection] : undefined);
      const last = Object.entries(under(prefix)).map(([name, { dtype, shape, data }]): [string, Tensor] => {
        const size = data.length / batch;
        return [name, tensor(dtype, [1, ...shape.slice(1)], data.slice((batch - 1) * size) as never)];
      });
      const alone = await (await openModel(build(config, weights, 1))).run(Object.fromEntries(last));
      expect(relativeError(alone.matching, float32([1, width], rowOf(matching!, batch - 1)))).toBeLessThan(1e-5);
    }
  });
});

describe('a saved model', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'limn-methods-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** Random pictures in memory. */
  function source(config: ModelConfig, count: number): ImageFeatures {
    const all = randomTensors(new Random(9), imageInputs(config.image, count));
    const ids = Array.from({ length: count }, (_, i) => `${i}`);
    const feeds = (rows: ArrayLike<number>, { local = true }: FeedOptions = {}) =>
      Object.fromEntries(
        Object.keys(imageInputs(config.image, 1, { local })).map((name) => {
          const { dtype, shape, data } = all[name]!;
          const size = data.length / count;
          const chosen = Array.from(rows).flatMap((row) => [...(data.slice(row * size, (row + 1) * size) as Uint16Array)]);
          return [name, tensor(dtype, [rows.length, ...shape.slice(1)], Uint16Array.from(chosen))];
        }),
      );
    return { config: config.image, ids, broken: [], rowOf: Number, feeds, statistics: () => ({}), close: async () => {} };
  }

  it('says which method it needs where nobody has defined that', async () => {
    const folder = join(root, 'of-a-plug-in');
    const config = configOf({ method: 'sum' });
    await new RetrievalModel({ config, vocabulary, weights: untrained(config), encoder: { id: 'none' } }).save(folder);
    const file = join(folder, 'config.json');
    // Written by hand, it has no checksum.
    const { checksum, ...saved } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify(saved).replace('"sum"', '"mine"').replace('"factors"', '"facets"'));
    expect(checksum).toBeTypeOf('string');
    await expect(RetrievalModel.open(folder)).rejects.toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT',
        message: expect.stringMatching(/method "mine", which a plug-in defines: .*--plugin/),
      }),
    );
  });

  it.each(['text-only', 'tg-cir', 'limn'] as const)('is opened again and embeds the same: %s', async (name) => {
    const config = configOf({ method: name });
    const model = new RetrievalModel({ config, vocabulary, weights: untrained(config), encoder: { id: 'none' } });
    const folder = join(root, name);
    await model.save(folder);
    const again = await RetrievalModel.open(folder);
    expect(again.config).toEqual(config);
    expect(again.sees).toEqual(methodOf(config).sees(config));
    // Runs of an encoder of every size.
    const [count, table] = [22, source(config, 22)];
    const rows = Array.from({ length: count }, (_, i) => i);
    const texts = rows.map((row) => (row % 2 ? 'in red' : 'with short sleeves'));
    const factors = name === 'limn' ? 3 : 0;
    const said = (wanted: number[]) => wanted.map((row) => texts[row] as string);
    for (const embed of [
      (one: RetrievalModel, wanted = rows) => one.embedQueries(table, wanted, said(wanted)),
      (one: RetrievalModel, wanted = rows) => one.embedTargets(table, wanted),
    ]) {
      const [first, second] = [await embed(model), await embed(again)];
      expect(second).toEqual(first);
      const alone = joinEmbeddings(await Promise.all(rows.map((row) => embed(model, [row]))));
      for (const part of ['matching', 'factorVectors'] as const) {
        first[part].forEach((value, i) => {
          expect(Math.abs(value - (alone[part][i] as number))).toBeLessThan(1e-5);
        });
      }
      const { width, projection, matching, factorVectors } = first;
      expect({ count: first.count, factors: first.factors, projection }).toEqual({ count, factors, projection: factors && 4 });
      expect(width).toBe(name === 'tg-cir' ? 4 * 8 : 8);
      expect([matching.length, factorVectors.length]).toEqual([count * width, count * factors * projection]);
      expect(Math.hypot(...matching.subarray(21 * width))).toBeCloseTo(1, 5);
    }
    await Promise.all([model.close(), again.close()]);
  });
});
