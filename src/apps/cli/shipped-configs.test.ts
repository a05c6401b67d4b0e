/** The training configs that come with limn: every key is an option of `limn train`, every setting one of the model or the training. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../core/files.js';
import { trainingSettings } from '../../learning/train/settings.js';
import { modelConfig } from '../../models/methods/model-config.js';
import { trainCommand } from './commands/train.js';

const folder = resolve(import.meta.dirname, '../../../configs');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const options = trainCommand().options.map((option) => option.attributeName());
const given = { vocabularySize: 9, image: { kind: 'captions', words: 2 } };

const sectionOf = async (file: string) => ((await readJson(join(folder, file), 'a config')) as { train: Section }).train;
type Section = Record<string, unknown> & { model: Record<string, unknown>; training: Record<string, unknown> };

test('are the recipe for small encoders, the former one, that for CLIP, and the paper', () => {
  expect(files.sort()).toEqual(['clip.json', 'paper.json', 'product-photos-plain.json', 'product-photos.json']);
});

describe.each(files)('%s', (file) => {
  test('is read as a whole', async () => {
    const { model, training, ...flags } = await sectionOf(file);
    for (const key of Object.keys(flags)) expect(options).toContain(key);
    expect(modelConfig.parse({ ...given, ...model })).toMatchObject(model);
    expect(trainingSettings.parse(training)).toMatchObject(training);
  });
});

test('both recipes have the same options, and any baseline takes those that are not of LIMN alone', async () => {
  const [small, clip] = [await sectionOf('product-photos.json'), await sectionOf('clip.json')];
  const { width: _, ...shared } = clip.model;
  expect(small.model).toMatchObject(shared);
  expect(small.training).toMatchObject(clip.training);
  const { factorWeights: __, ...forAll } = shared;
  for (const method of ['sum', 'tirg', 'combiner', 'tg-cir']) {
    expect(modelConfig.parse({ ...given, ...forAll, method })).toMatchObject(forAll);
    expect(() => modelConfig.parse({ ...given, ...shared, method })).toThrow('is a setting of LIMN');
  }
});
