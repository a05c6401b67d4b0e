/** The experiments that come with limn: whole files whose settings every method takes, and whose data can be read where they are. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { check } from '../../core/schema.js';
import { captionerConfig } from '../../models/captioner/captioner-config.js';
import { modelConfig } from '../../models/methods/model-config.js';
import { findDataset } from '../data/datasets.js';
import { findProtocol } from '../eval/protocols/index.js';
import { selfTrainSettings } from '../self-training/settings.js';
import { trainingSettings } from '../train/settings.js';
import { readExperiment, settingsOf } from './config.js';
import { readSplit } from './dataset.js';
import { checkMetrics } from './metrics.js';

const folder = resolve(import.meta.dirname, '../../../experiments');
const names = readdirSync(folder);
const fileOf = (name: string) => join(folder, name, 'experiment.json');
const data = process.env.LIMN_SHARED_DATA ?? resolve(import.meta.dirname, '../../../../shared/data');
const image = { kind: 'features', tokens: 4, channels: 8, globalChannels: 8, colourChannels: 0 };

for (const variable of ['FASHIONIQ_DIR', 'SHOES_DIR', 'BIRDS_TO_WORDS_DIR', 'CIRR_DIR', 'FASHION200K_DIR', 'CIRR_ANNOTATIONS'])
  vi.stubEnv(variable, '/absent');
vi.stubEnv('LIMN_LEARNED_DATA', '/absent');
vi.stubEnv('LIMN_SHARED_DATA', data);
afterAll(() => vi.unstubAllEnvs());

test('there are twenty-four', () => expect(names).toHaveLength(24));

describe.each(names)('%s', (name) => {
  test('is whole, and named after its folder', async () => {
    const experiment = await readExperiment(fileOf(name));
    expect(experiment.name).toBe(name);
    expect(experiment.seeds.length).toBeGreaterThanOrEqual(3);
    findDataset(experiment.dataset.format);
    findProtocol(experiment.protocol);
    if (experiment.trainOn) findDataset(experiment.trainOn.format);
    for (const method of experiment.methods) {
      const { model, training, selfTraining } = settingsOf(experiment, method);
      check(trainingSettings, training, name);
      check(experiment.task === 'caption' ? captionerConfig : modelConfig, { ...model, vocabularySize: 100, image }, name);
      if (selfTraining) check(selfTrainSettings, selfTraining, name);
    }
  });

  test.skipIf(!existsSync(data))('gives its metrics on the data that are here', async (context) => {
    const experiment = await readExperiment(fileOf(name));
    if (experiment.dataset.directory.startsWith('/absent')) return context.skip('needs data that are not here');
    for (const category of experiment.categories) {
      const split = await readSplit(experiment, category, experiment.split);
      checkMetrics(experiment, findProtocol(experiment.protocol), split);
      // Others learn from triplets that are made first.
      if (experiment.trainOn) continue;
      expect((await readSplit(experiment, category, 'train')).triplets.length).toBeGreaterThan(1000);
    }
  });
});
