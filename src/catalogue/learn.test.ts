/** The whole way on drawn garments, with the smallest encoder and seconds of training: interrupted, gone on with, and asked again. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readOwnTriplets } from '../learning/data/own-triplets.js';
import { generateSyntheticFashion } from '../learning/data/synthetic-fashion/generate.js';
import { averageImage } from '../models/retrieval/average-image.js';
import { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../models/retrieval/retrieval-model.js';
import { Gallery } from '../search/gallery/gallery.js';
import { adoptModel } from './adopt-model.js';
import { learn } from './learn.js';
import type { LearnOptions, LearnResult } from './learn-types.js';
import { makeData } from './make-data.js';
import { measureStep } from './measure-step.js';

let folder: string;
let options: LearnOptions;
const reader = ImageEncoderRuntime.patch(16, 8, 0);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-learn-'));
  const wardrobe = join(folder, 'wardrobe');
  await generateSyntheticFashion({ directory: wardrobe, images: 70, size: 24 });
  // One more row than images, and images of the other split that have no row.
  const table = await readFile(join(wardrobe, 'metadata.train.csv'), 'utf8');
  const columns = (table.split('\n')[0] as string).split(',').length;
  await writeFile(join(folder, 'shop.csv'), `${table}gone.jpg${','.repeat(columns - 1)}\n`);
  const list = join(folder, 'shop.csv');
  options = {
    list,
    images: join(wardrobe, 'images'),
    out: join(folder, 'My shop'),
    reader,
    fixed: { width: 16, factors: 2, heads: 2, epochs: 2 },
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let attempts = 0;
it('an interrupted run goes on from what is finished, and ends in a gallery', async () => {
  options = { ...options, out: join(folder, String(attempts++), 'My shop') };
  const stop = new AbortController();
  const stages: string[] = [];
  const onProgress: LearnOptions['onProgress'] = ({ stage, leftInAll }) => {
    stages.push(stage);
    expect(leftInAll).toBeGreaterThan(0);
    if (stage === 'train') stop.abort();
  };
  await expect(learn({ ...options, signal: stop.signal, onProgress })).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: expect.stringMatching(/the same command resumes/),
  });
  expect(stages).toContain('draw pairs');
  await expect(learn({ ...options, seed: 2 })).rejects.toThrow(/was started with other settings \(seed was 1 and is 2\)/);

  const again: string[] = [];
  const result = await learn({ ...options, onProgress: ({ stage }) => again.push(stage) });
  expect(again).not.toContain('draw pairs');
  expect(result.attributes).toEqual(expect.arrayContaining(['kind', 'colour']));
  expect(result.images).toBe(70);
  expect(result.serve).toBe(`limn serve --gallery "My-shop=${join(options.out, 'gallery')}"`);
  expect(result.warnings.join()).toMatch(/patch encoder/);
  const { chance, limn, textAlone, imageAlone, queries } = result.test;
  expect(queries).toBe(result.triplets.test);
  for (const recall of [chance, limn, textAlone, imageAlone]) expect(Object.keys(recall)).toEqual(['1', '5', '10', '50']);

  // LIMN+ ran, and its model is the one that is used only where validation rose.
  const { validation, kept, said } = result.plus as NonNullable<LearnResult['plus']>;
  expect(validation, said).toBeDefined();
  const { before, after } = validation as { before: number; after: number };
  expect(kept).toBe(after > before);
  expect(said).toContain(kept ? 'its model is used' : 'the model without it is used');
  expect(existsSync(join(options.out, 'limn-without-plus'))).toBe(kept);
  expect(result.leftOutStages).toEqual([]);

  const gallery = await Gallery.open(result.gallery);
  const { hits } = await gallery.search({ texts: ['in red'], filter: "kind = 'shirt'", k: 3 });
  expect(hits.length).toBeGreaterThan(0);
  await gallery.close();

  expect(textAlone['10']).toBeCloseTo(await recallOfTexts(result), 0);

  // Nothing is done again, and nothing is another.
  const third: string[] = [];
  const { seconds: _, ...same } = await learn({ ...options, onProgress: ({ stage }) => third.push(stage) });
  const { seconds: __, ...first } = result;
  expect([same, third]).toEqual([first, []]);
}, 240_000);

/** Ranks as many texts alone as there are, one by one, in plain loops. */
async function recallOfTexts({ model: path, data }: LearnResult): Promise<number> {
  const split = await readOwnTriplets({ directory: data, split: 'test' });
  const model = await RetrievalModel.open(path);
  const source = await reader.read({ images: split.images });
  const rowOf = (id: string) => source.rowOf(id) as number;
  const gallery = split.images.map(({ id }) => id);
  const targets = await model.embedTargets(source, gallery.map(rowOf));
  let found = 0;
  for (const { reference, targets: wanted, text } of split.triplets) {
    const asked = await model.embedQueries(averageImage(model.config, model.parts.weights), [0], [text]);
    const cosine = (a: Float32Array, at: number, b: Float32Array, bt: number, width: number) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += (a[at + i] as number) * (b[bt + i] as number);
      return sum;
    };
    const { width, factors, projection } = targets;
    const all = factors * projection;
    const scores = gallery.map((id, row) => ({
      id,
      score:
        cosine(asked.matching, 0, targets.matching, row * width, width) +
        (model.gamma / factors) * cosine(asked.factorVectors, 0, targets.factorVectors, row * all, all),
    }));
    const ranked = scores.filter(({ id }) => id !== reference).sort((a, b) => b.score - a.score);
    if (ranked.slice(0, 10).some(({ id }) => wanted.includes(id))) found++;
  }
  await source.close();
  await model.close();
  return (100 * found) / split.triplets.length;
}

it('a captioner describes images without a table, and says what the numbers are worth', async () => {
  const images = options.images;
  const data = (captioner?: string) => makeData({ images, out: join(folder, 'captioned'), reader, captioner, texts: 60 });
  await expect(data()).rejects.toThrow(/--captioner/);
  const { made, catalogue } = await data(join(options.out, 'limn-plus', 'captioner'));
  const { train, val, test } = made.images;
  expect(new Set([...train, ...val, ...test]).size).toBe(70);
  expect(made.splits.train.length).toBeLessThanOrEqual(60);
  for (const name of ['train', 'val', 'test'] as const) {
    for (const { reference, target, text, provenance } of made.splits[name]) {
      expect(made.images[name]).toEqual(expect.arrayContaining([reference, target]));
      expect([reference === target, text === '', provenance.source]).toEqual([false, false, 'captioner']);
    }
  }
  expect(catalogue.notes.join(' ')).toMatch(/All texts are the captioner's.*unsure of/);
}, 120_000);

it('a better model takes the place of the former, also after a kill between any two steps', async () => {
  const out = await mkdtemp(join(folder, 'adopt-'));
  const content = (name: string) => readFile(join(out, name, 'model', 'a'), 'utf8');
  for (const name of ['limn', 'better']) {
    await mkdir(join(out, name, 'model'), { recursive: true });
    await writeFile(join(out, name, 'model', 'a'), name);
  }
  const adopt = () => adoptModel(out, join(out, 'better', 'model'), 'former');
  await adopt();
  expect([await content('limn'), await content('former'), existsSync(join(out, 'limn.tmp'))]).toEqual(['better', 'limn', false]);
  await adopt();
  expect([await content('limn'), await content('former')]).toEqual(['better', 'limn']);
  // Killed after the former was moved away.
  await rename(join(out, 'limn'), join(out, 'limn.tmp'));
  await adopt();
  expect([await content('limn'), await content('former')]).toEqual(['better', 'limn']);
});

it('what cannot be learned from leaves no folder behind', async () => {
  const out = join(folder, 'nothing');
  await writeFile(join(folder, 'empty.csv'), 'path,colour\n');
  await expect(learn({ ...options, out, list: join(folder, 'empty.csv') })).rejects.toThrow(/has no rows/);
  await expect(learn({ ...options, out, list: join(folder, 'gone.csv') })).rejects.toThrow(/Cannot read the table/);
  expect(existsSync(out)).toBe(false);
});

it('a step is measured on a few triplets', async () => {
  const directory = join(options.out, 'data');
  const split = (name: 'train' | 'val') => readOwnTriplets({ directory, split: name });
  const splits = { train: await split('train'), val: await split('val') };
  const seconds = await measureStep(splits, { size: { width: 16, factors: 2, heads: 2 }, batchSize: 8, reader });
  expect(seconds).toBeGreaterThan(0);
});
