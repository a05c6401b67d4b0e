import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunFolder } from './run-folder.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-run-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (training: object, model = {}) => ({ format: 'f', model, training });
const rates = ['learningRate', 'encoderLearningRate'];

test('a run goes on with another learning rate where that is allowed, and with nothing else', async () => {
  const out = join(folder, 'rates');
  await RunFolder.open(out, config({ epochs: 2, learningRate: 1 }), false);
  const slower = config({ epochs: 2, learningRate: 0.1, encoderLearningRate: 0.01 });
  await expect(RunFolder.open(out, slower, true)).rejects.toThrow('another configuration ("learningRate": 1 there');
  const told: string[] = [];
  await RunFolder.open(out, slower, true, rates, (what) => told.push(what));
  expect(told).toEqual(['learningRate 1 there, 0.1 now; encoderLearningRate "not set" there, 0.01 now']);
  expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toEqual(slower);
  await RunFolder.open(out, slower, true, rates, (what) => told.push(what));
  expect(told).toHaveLength(1);
  for (const other of [
    config({ epochs: 3, learningRate: 1 }),
    config({ epochs: 2, learningRate: 1 }, { width: 2 }),
    config({ epochs: 2, learningRate: 1, warmup: 0 }),
  ])
    await expect(RunFolder.open(out, other, true, rates)).rejects.toThrow('another configuration');
});

test('a damaged checkpoint is named, with advice that can be followed', async () => {
  const out = join(folder, 'damaged');
  const run = await RunFolder.open(out, config({}), false);
  const file = join(out, 'checkpoints', 'last.safetensors');
  await writeFile(file, 'not a checkpoint');
  await expect(run.loadCheckpoint()).rejects.toThrow(
    /last\.safetensors is damaged .* Remove it, and --resume begins this run again/,
  );
  await rm(file);
  expect(await run.loadCheckpoint()).toBeUndefined();
});
