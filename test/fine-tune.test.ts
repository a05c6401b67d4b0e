/** Encoders from the Hub in a training: frozen, wholly trained, and trained from a block on. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModel } from '../src/engine/graph/index.js';
import { decodeSafetensors } from '../src/engine/tensor/safetensors.js';
import { readFashionIQ } from '../src/learning/data/fashioniq.js';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';
import { train } from '../src/learning/train/train.js';
import { openHubEncoder } from '../src/models/encoders/hub/encoder-folder.js';
import { importEncoder } from '../src/models/encoders/hub/import-encoder.js';
import { folderFile } from '../src/models/encoders/image/description.js';
import { ImageEncoderRuntime } from '../src/models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { TextReader } from '../src/models/retrieval/text-reader.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { clipSizes, writeRandomClip } from './support/clip/random-clip.js';

const fixture = fileURLToPath(new URL('fixtures/clip-tiny-script', import.meta.url));
const homeBefore = process.env.LIMN_HOME;
let work: string;
let data: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-fine-tune-'));
  process.env.LIMN_HOME = join(work, 'home');
  data = join(work, 'wardrobe');
  await generateSyntheticFashion({ directory: data, images: 60, seed: 5, size: 32 });
  // The graphs are PyTorch's, with a batch of any size; what goes with them is drawn here.
  await writeRandomClip(join(work, 'clip'), clipSizes.tiny);
  await cp(fixture, join(work, 'clip'), { recursive: true });
  await importEncoder(join(work, 'clip'), { name: 'tiny' });
});
afterAll(async () => {
  if (homeBefore === undefined) delete process.env.LIMN_HOME;
  else process.env.LIMN_HOME = homeBefore;
  await rm(work, { recursive: true, force: true });
});

interface Trained {
  out: string;
  losses: number[];
  weights: Record<string, { data: ArrayLike<unknown> }>;
}

interface Readers {
  reader: ImageEncoderRuntime;
  text: TextReader;
}

/** Trains a tiny LIMN; `trainFrom` undefined leaves the encoders frozen. @param opened encoders, which stay open @default new ones */
async function trained(
  name: string,
  trainFrom: number | undefined,
  training: object = {},
  model: object = {},
  opened?: Readers,
): Promise<Trained> {
  const out = join(work, name);
  const { folder } = await openHubEncoder('tiny');
  const reader = opened?.reader ?? (await ImageEncoderRuntime.open(join(folder, folderFile), { trainFrom }));
  const text = opened?.text ?? (await TextReader.open({ encoder: 'tiny', trainFrom }));
  const read = (split: 'train' | 'val') => readFashionIQ({ directory: data, category: 'wardrobe', split });
  try {
    await train({
      train: await read('train'),
      val: await read('val'),
      reader,
      text,
      out,
      dataset: {},
      model: { width: 16, heads: 2, factors: 2, layers: 1, projection: 8, dropout: 0, ...model },
      training: { epochs: 4, batchSize: 8, learningRate: 3e-3, encoderLearningRate: 1e-3, captionSwap: 0, ...training },
    });
  } finally {
    if (!opened) {
      await reader.close();
      await text.close();
    }
  }
  const lines = (await readFile(join(out, 'metrics.ndjson'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const file = join(out, 'model', 'weights.safetensors');
  return {
    out,
    losses: lines.filter(({ kind }) => kind === 'train').map(({ loss }) => loss),
    weights: decodeSafetensors(await readFile(file), file).tensors,
  };
}

const encoderWeights = (weights: object, side: string) =>
  Object.keys(weights).flatMap((name) => (name.startsWith(`${side}.encoder.`) ? [name.slice(`${side}.encoder.`.length)] : []));

/** The weights in the encoder's own files. */
async function filesWeights(side: 'picture' | 'text') {
  const encoder = await openHubEncoder('tiny');
  const file = side === 'picture' ? encoder.image!.weights : (encoder.text?.files.weights as string);
  return readModel(await readFile(file)).weights;
}

const distance = (a: ArrayLike<unknown>, b: ArrayLike<unknown>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(Number(value) - Number(b[i]))));

describe('an encoder from the Hub', () => {
  it('is left alone when it is frozen', async () => {
    const { weights, losses, out } = await trained('frozen', undefined);
    expect(encoderWeights(weights, 'picture')).toEqual([]);
    expect(encoderWeights(weights, 'text')).toEqual([]);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    const config = JSON.parse(await readFile(join(out, 'model', 'config.json'), 'utf8'));
    expect([config.model.image.kind, config.model.text.kind]).toEqual(['features', 'features']);
  });

  it('is trained wholly, saved with the model, and searched with', async () => {
    const { weights, losses, out } = await trained('whole', 0);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    for (const side of ['picture', 'text'] as const) {
      const before = await filesWeights(side);
      const names = encoderWeights(weights, side);
      expect(names.length).toBeGreaterThan(10);
      const moved = names.filter(
        (name) => distance(weights[`${side}.encoder.${name}`]!.data, before.get(name)!.content().data) > 0,
      );
      // All but what the loss cannot reach, such as the biases of keys, whose gradient is zero up to rounding.
      expect(moved.length).toBeGreaterThan(0.8 * names.length);
    }
    const model = await RetrievalModel.open(out);
    const gallery = await Gallery.create({ model, images: join(data, 'images'), out: join(work, 'gallery') });
    const [first] = await gallery.list({ limit: 1 });
    const { hits } = await gallery.search({ references: [{ id: first?.id as string }], texts: ['in red'], k: 3 });
    expect(hits).toHaveLength(3);
    await gallery.close();
    await model.close();
  });

  it('keeps what lies before the first block that is trained', async () => {
    const { weights } = await trained('upper', 1, { epochs: 1 });
    for (const side of ['picture', 'text'] as const) {
      const names = encoderWeights(weights, side);
      expect(names.some((name) => name.includes('layers.1.'))).toBe(true);
      expect(names.filter((name) => name.includes('layers.0.') || name.includes('embedding'))).toEqual([]);
      expect(names.some((name) => /post_layernorm|final_layer_norm/.test(name))).toBe(true);
    }
  });

  it.each([
    ['', {}],
    [', with the references as further negatives', { referenceNegatives: true, symmetric: 0.5, labelSmoothing: 0.1 }],
  ])('comes to the same with activations that are computed again%s', async (name, model) => {
    const plain = await trained(`kept${name}`, 0, { epochs: 1 }, model);
    const again = await trained(`again${name}`, 0, { epochs: 1, gradientCheckpointing: true }, model);
    expect(Object.keys(again.weights)).toEqual(Object.keys(plain.weights));
    for (const [name, { data: values }] of Object.entries(plain.weights)) {
      // A softmax does not depend on what is added to all of its numbers: the gradient of these is rounding alone, which AdamW makes whole
      // steps of.
      if (/(key|k_proj|energy)\.bias$/.test(name)) continue;
      expect(distance(values, again.weights[name]!.data), name).toBeLessThan(2e-3);
    }
    expect(again.losses[0]).toBeCloseTo(plain.losses[0] as number, 3);
  });

  it('steps once for several batches', async () => {
    const { losses } = await trained('accumulated', 0, { epochs: 4, accumulate: 2 });
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });

  it('begins again from its files as often as it is trained, and says so where they are others by then', async () => {
    await importEncoder(join(work, 'clip'), { name: 'again' });
    const { folder, image } = await openHubEncoder('again');
    const opened = {
      reader: await ImageEncoderRuntime.open(join(folder, folderFile), { trainFrom: 0 }),
      text: await TextReader.open({ encoder: 'again', trainFrom: 0 }),
    };
    const once = await trained('once', 0, { epochs: 1 }, {}, opened);
    const twice = await trained('twice', 0, { epochs: 1 }, {}, opened);
    expect(twice.losses).toEqual(once.losses);
    expect(twice.weights).toEqual(once.weights);
    const file = image!.weights;
    const bytes = await readFile(file);
    await writeFile(
      file,
      bytes.map((byte) => byte ^ 1),
    );
    await expect(trained('changed', 0, { epochs: 1 }, {}, opened)).rejects.toMatchObject({
      code: 'ENCODER',
      message: expect.stringContaining(`The encoder's weights ${file} have changed since they were opened`),
    });
    await rm(file);
    await expect(trained('gone', 0, { epochs: 1 }, {}, opened)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(`The encoder's weights ${file} cannot be read again (ENOENT`),
    });
    await opened.reader.close();
    await opened.text.close();
  });

  it('says which blocks it has', async () => {
    await expect(trained('none', 7)).rejects.toThrow(
      /vision_model.*has the blocks 0 to 1, so it cannot be trained from block 7 on\. Give 0 to 1; "limn encoders check" lists the blocks\.$/,
    );
  });
});
