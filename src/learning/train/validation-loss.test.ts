/** What a validation reports as its loss is what the training graph computes of the same triplets and weights. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { readFashionIQ } from '../data/fashioniq.js';
import { generateSyntheticFashion } from '../data/synthetic-fashion/generate.js';
import type { Split } from '../data/triplets.js';
import { train } from './train.js';

let root: string;
let split: Split;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-validation-loss-'));
  await generateSyntheticFashion({ directory: join(root, 'wardrobe'), images: 50, seed: 3, size: 16 });
  const whole = await readFashionIQ({ directory: join(root, 'wardrobe'), category: 'wardrobe', split: 'train' });
  split = { ...whole, triplets: whole.triplets.slice(0, 6) };
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The losses of each step and of each validation, of a training whose steps lead nowhere. */
async function losses(name: string, method: string, batchSize: number): Promise<{ train: number[]; validation: number[] }> {
  const reader = ImageEncoderRuntime.patch(16, 8, 1);
  const out = join(root, name);
  await train({
    train: split,
    val: split,
    reader,
    out,
    dataset: {},
    method,
    model: { width: 8, heads: 2, layers: 1, dropout: 0 },
    training: { epochs: 1, batchSize, learningRate: 1e-12, captionSwap: 0, stepsPerRun: 1 },
  });
  await reader.close();
  const lines = (await readFile(join(out, 'metrics.ndjson'), 'utf8')).trim().split('\n');
  const parsed = lines.map((line) => JSON.parse(line));
  return {
    train: parsed.filter(({ kind }) => kind === 'train').map(({ loss }) => loss),
    validation: parsed.filter(({ kind }) => kind === 'validation').map(({ values }) => values.loss),
  };
}

it.each(['limn', 'tirg'])('of %s, over one batch', async (method) => {
  const { train: learned, validation } = await losses(method, method, 6);
  expect([learned.length, validation.length]).toEqual([1, 1]);
  expect(validation[0]).toBeGreaterThan(0.1);
  expect(validation[0]).toBeCloseTo(learned[0] as number, 4);
});

it('is the mean of several batches', async () => {
  // Which rows meet in a batch differs, so that the two are near and not the same.
  const { train: learned, validation } = await losses('several', 'limn', 2);
  expect(validation[0]).toBeGreaterThan(0);
  expect(Math.abs((validation[0] as number) - (learned[0] as number))).toBeLessThan(1);
});
