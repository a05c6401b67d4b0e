/** Steps that gather resident features against steps that are fed the same features. */
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { Random } from '../../core/random.js';
import type { Value } from '../../engine/graph/index.js';
import * as f from '../../engine/graph/index.js';
import { init } from '../../engine/nn/context.js';
import { trainingModel } from '../../engine/nn/training.js';
import { requireDevice, Session } from '../../engine/runtime/session.js';
import { missingGpu } from '../../engine/runtime/testing/gpu.js';
import { fromFloat16, toFloat16 } from '../../engine/tensor/float16.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ImageConfig } from '../../models/backbone/config.js';
import { withResident } from '../../models/backbone/resident-features.js';
import { captionerConfig } from '../../models/captioner/captioner-config.js';
import { captionerTrainingModel } from '../../models/captioner/captioner-graphs.js';
import type { FeatureRows } from '../../models/encoders/cache/feature-cache.js';
import { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import { modelConfig } from '../../models/methods/model-config.js';
import { featureSource } from '../../models/retrieval/image-features.js';
import { limnTrainingModel } from '../../models/retrieval/retrieval-graphs.js';
import { wordSource } from '../../models/retrieval/text-source.js';
import type { Split } from '../data/triplets.js';
import { CaptionBatches } from './caption-batches.js';
import { chooseTables, residentTensors } from './resident-tables.js';
import type { Batches, GraphOptions } from './run-training.js';
import { trainingSettings } from './settings.js';
import { TripletBatches } from './triplet-batches.js';

// Two blocks of rows and a part of a third.
const [count, tokens, channels, globalChannels, seed] = [150, 5, 7, 3, 4];
const ids = Array.from({ length: count }, (_, i) => `image ${i}`);
const drawn = (random: Random, length: number) => toFloat16(Float32Array.from({ length }, () => random.normal()));
const halves = { local: drawn(new Random(1), count * tokens * channels), global: drawn(new Random(2), count * globalChannels) };
const table: FeatureRows = {
  count,
  ids,
  broken: [],
  encoderId: 'drawn',
  local: { tokens, channels },
  global: { channels: globalChannels },
  rowOf: (id) => ids.indexOf(id),
  gather(rows, local, global) {
    const copy = (from: Uint16Array, out: Uint16Array, width: number) => {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] as number;
        out.set(from.subarray(row * width, (row + 1) * width), i * width);
      }
    };
    copy(halves.local, local, tokens * channels);
    copy(halves.global, global, globalChannels);
  },
  close: async () => {},
};
const image: ImageConfig = { kind: 'features', tokens, channels, globalChannels, colourChannels: 0 };
const images = featureSource(table, image);
const all = { images, usesLocal: true, float16: true };
const bytes = count * 2 * (tokens * channels + globalChannels);

describe('the choice of tables', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('takes what fits the budget, in even parts that fit a buffer', () => {
    expect(chooseTables({ ...all, budget: bytes }).features).toMatchObject({ dtype: 'float16', local: [7], global: [3] });
    // Room for three columns of the 750 tokens.
    const parted = chooseTables({ ...all, part: count * tokens * 2 * 3 + 1 });
    expect(parted).toEqual({
      features: { count, dtype: 'float16', tokens, local: [2, 2, 3], global: [3] },
      remark: 'the cached features of 150 images (0.0 MiB as float16) stay on the device',
    });
    expect(chooseTables({ ...all, usesLocal: false, budget: count * 2 * globalChannels }).features).toMatchObject({ local: [] });
  });

  it.each([
    ['a byte less than they need', { budget: bytes - 1 }],
    ['float32, which needs twice as much', { budget: bytes, float16: false }],
    ['buffers without room for a column', { part: count * tokens * 2 - 1 }],
  ])('feeds the features, and says why: %s', (_, limits) => {
    const { features, remark } = chooseTables({ ...all, ...limits });
    expect(features).toBeUndefined();
    expect(remark).toMatch(/^the cached features of 150 images .+ are fed step by step: .+/);
  });

  it('is limited by LIMN_DEVICE_FEATURES', () => {
    vi.stubEnv('LIMN_DEVICE_FEATURES', '0');
    expect(chooseTables(all).features).toBeUndefined();
    vi.stubEnv('LIMN_DEVICE_FEATURES', 'much');
    expect(() => chooseTables(all)).toThrow('LIMN_DEVICE_FEATURES is "much": give the MiB');
  });

  it('has nothing to say of images without a table', () => {
    const { table: _, ...pixels } = images;
    expect(chooseTables({ ...all, images: pixels })).toEqual({});
  });
});

test.each([true, false])('the tensors of the parts are the columns of all features (float16: %s)', (float16) => {
  const { features } = chooseTables({ ...all, float16, part: count * tokens * 4 * 3 });
  const parts = Object.fromEntries(residentTensors(images, features!));
  expect(Object.keys(parts).length).toBe(features!.local.length + 1);
  const joined = Array.from({ length: count * tokens }, (_, row) =>
    features!.local.flatMap((columns, i) =>
      Array.from(parts[`features.local.${i}`]!.data.subarray(row * columns, (row + 1) * columns) as Uint16Array),
    ),
  );
  expect(joined.flat()).toEqual(Array.from(float16 ? halves.local : fromFloat16(halves.local)));
  expect(parts['features.global.0']?.shape).toEqual([count, globalChannels]);
});

const vocabulary = Vocabulary.build(['in red', 'longer']);
const split: Split = {
  name: 'train',
  images: ids.map((id) => ({ id, path: id })),
  triplets: ids.map((reference, i) => ({
    reference,
    targets: [ids[(i * 7 + 3) % count] as string],
    text: 'in red',
    captions: ['in red', 'longer'],
    source: '',
  })),
  missing: [],
};

interface Kind {
  batches: Batches;
  graph(options: GraphOptions): ReturnType<typeof limnTrainingModel>;
}

const sizes = { width: 8, heads: 2, layers: 1 };
function kindOf(task: 'retrieval' | 'caption', tokenSubsample: number): Kind {
  const settings = trainingSettings.parse({ batchSize: 6, tokenSubsample });
  const common = { split, images, vocabulary, settings, seed };
  const shared = { ...sizes, words: 3, vocabularySize: vocabulary.size, image };
  if (task === 'caption') {
    const config = captionerConfig.parse({ ...shared, decoderLayers: 1 });
    return {
      batches: new CaptionBatches({ ...common, config }),
      graph: (options) => captionerTrainingModel(config, options),
    };
  }
  const config = modelConfig.parse({ ...shared, factors: 2, projection: 4, expansion: 2 });
  const texts = wordSource(vocabulary, 3);
  return {
    batches: new TripletBatches({ ...common, config, texts }),
    graph: (options) => limnTrainingModel(config, options),
  };
}

/** Losses and parameters of four steps. @param resident features as parts of resident tables, of this type */
async function trained({ batches, graph }: Kind, stepsPerRun: number, resident?: 'float16' | 'float32') {
  const part = count * tokens * 2 * 3 + 1;
  const { features } = resident ? chooseTables({ ...all, float16: resident === 'float16', part }) : {};
  const { tokenSubsample, weighted } = batches;
  const model = graph({
    batchSize: 6,
    optimizer: { learningRate: 1e-2, totalSteps: 4 },
    random: new Random(seed),
    buffers: images.statistics([...ids.keys()]),
    stepsPerRun,
    tokenSubsample,
    weighted,
    resident: features,
    optimizerIn: 'runtime',
    products: 'float32',
  });
  const { carry, update, masks } = model;
  const session = await Session.open(model.model, { device: 'cpu', threads: 1, carry, update });
  await session.setResident(model.initialState);
  if (features) await session.setResident(Object.fromEntries(residentTensors(images, features)));
  const losses: number[] = [];
  let fed: string[] = [];
  for (let step = 0; step < 4; step += stepsPerRun) {
    const steps = { step, count: stepsPerRun, masks, isStacked: stepsPerRun > 1, isResident: features !== undefined };
    const feeds = batches.feeds(steps);
    fed = Object.keys(feeds).filter((name) => /\.(local|global)$/.test(name));
    const { loss } = await session.run(feeds, { fetch: model.reported });
    losses.push(...(loss as Tensor<'float32'>).data);
  }
  const state = await session.getResident(model.parameters.map(({ name }) => name));
  await session.close();
  return { losses, state, fed };
}

describe('steps with resident features have the bits of steps that are fed them', () => {
  it.each([
    ['all tokens', 'caption', 0, 1, 'float32'],
    ['some tokens', 'retrieval', 3, 1, 'float16'],
    ['several steps a run', 'retrieval', 3, 2, 'float32'],
  ] as const)('%s (%s)', async (_, task, tokenSubsample, stepsPerRun, dtype) => {
    const kind = kindOf(task, tokenSubsample);
    const fed = await trained(kind, stepsPerRun);
    const gathered = await trained(kind, stepsPerRun, dtype);
    expect(new Set(fed.losses).size).toBe(4);
    expect(gathered.losses).toEqual(fed.losses);
    expect(gathered.state).toEqual(fed.state);
    expect([fed.fed.length, gathered.fed.length]).toEqual([4, 0]);
  });
});

const missing = await missingGpu();
describe.skipIf(missing)('on a GPU', () => {
  it('a step gathers there, as on the CPU', { timeout: 300_000 }, async () => {
    const { float16 } = await requireDevice('webgpu');
    const { features } = chooseTables({ ...all, float16, part: count * tokens * (float16 ? 2 : 4) * 3 });
    const model = trainingModel({
      inputs: withResident({ local: { dtype: 'float16', shape: [4, 3, channels] } }, features),
      trace: (context, { local }) => {
        const weights = context.parameter('weights', [channels, 2], init.normal(1));
        const product = f.matmul(f.cast(local as Value, 'float32'), weights);
        return { loss: f.reduceMean(f.mul(product, product), [0, 1, 2]) };
      },
      optimizer: { learningRate: 0.1, totalSteps: 4 },
      random: new Random(seed),
      optimizerIn: 'flat graph',
    });
    const losses = async (device: 'cpu' | 'webgpu') => {
      const session = await Session.open(model.model, {
        device,
        threads: 1,
        carry: model.carry,
        clock: model.clock,
        packed: model.packed,
      });
      await session.setResident(model.flat!.pack(model.initialState));
      await session.setResident(Object.fromEntries(residentTensors(images, features!)));
      const found: number[] = [];
      for (let step = 0; step < 3; step++) {
        const localRows = tensor(
          'int32',
          [4, 3],
          Int32Array.from({ length: 12 }, (_, i) => (i * 61 + step * 200) % 750),
        );
        found.push((await session.run({ localRows }, { fetch: model.reported })).loss?.data[0] as number);
      }
      await session.close();
      return found;
    };
    const expected = await losses('cpu');
    expect(new Set(expected).size).toBe(3);
    for (const [i, loss] of (await losses('webgpu')).entries()) {
      expect(Math.abs(loss / (expected[i] as number) - 1)).toBeLessThan(1e-4);
    }
  });
});
