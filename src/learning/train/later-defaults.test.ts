/** A run is gone on with where its config is the same, whatever the order of its keys and whichever defaults came later. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelConfig } from '../../models/methods/model-config.js';
import { RunFolder } from './run-folder.js';
import { trainingSettings } from './settings.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-run-folder-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const schemas = { training: trainingSettings, model: modelConfig };
const given = { vocabularySize: 9, image: { kind: 'captions', words: 3 } } as const;
const config = () => ({ seed: 1, training: trainingSettings.parse({ epochs: 3 }), model: modelConfig.parse(given) });
let made = 0;
const resumed = (folder: string) => RunFolder.open(folder, config(), true, { schemas });

/** A run whose config.json is changed by hand. */
async function earlier(change: (config: Record<'training' | 'model', Record<string, unknown>>) => void): Promise<string> {
  const folder = join(root, `${++made}`);
  await (await RunFolder.open(folder, config(), false)).close();
  const file = join(folder, 'config.json');
  const kept = JSON.parse(await readFile(file, 'utf8'));
  change(kept);
  await writeFile(file, JSON.stringify(Object.fromEntries(Object.entries(kept).reverse())));
  return folder;
}

it('goes on with a run from before a setting was there', async () => {
  const folder = await earlier(({ training, model }) => {
    for (const key of ['captionSwap', 'gradientCheckpointing', 'validateEvery']) delete training[key];
    for (const key of ['aggregation', 'gamma', 'dropout', 'text']) delete model[key];
  });
  const run = await resumed(folder);
  expect(run.path).toBe(folder);
  await run.close();
});

it.each<['training' | 'model', object, string]>([
  ['training', { epochs: 2 }, '"epochs": 2 there, "epochs": 3 now'],
  ['model', { gamma: 0.5 }, '"gamma": 0.5 there, "gamma": 1 now'],
  ['model', { aggregation: 'holistic' }, '"aggregation": "holistic" there, "aggregation": "both" now'],
])('refuses a run whose %s had %j', async (section, changes, message) => {
  const folder = await earlier((kept) => Object.assign(kept[section], changes));
  await expect(resumed(folder)).rejects.toThrow(
    expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(message) }),
  );
});

it('refuses a run with a setting that nobody knows', async () => {
  const folder = await earlier(({ training }) => Object.assign(training, { mystery: 1 }));
  await expect(resumed(folder)).rejects.toThrow('"mystery": 1 there');
});
