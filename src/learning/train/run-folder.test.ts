import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LimnError } from '../../core/errors.js';
import { damagesOf } from '../../core/testing/damage.js';
import { float32 } from '../../engine/tensor/tensor.js';
import { RunFolder } from './run-folder.js';

let root: string;
let made = 0;
const folder = () => join(root, String(made++));
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-run-folder-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
const config = { format: 'limn-run-1', seed: 1 };

describe('the lock of a run folder', () => {
  it('lets one process work in it; the message names the process, and the folder stays as it is', async () => {
    const out = folder();
    const first = await RunFolder.open(out, config, false);
    const refused = expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/being worked on by .*run\.lock/) });
    await expect(RunFolder.open(out, config, true)).rejects.toThrow(refused);
    await expect(RunFolder.open(out, config, false)).rejects.toThrow(refused);
    await first.close();
    // One of a living process: the parent of this one.
    await writeFile(join(out, 'run.lock'), JSON.stringify({ pid: process.ppid, host: hostname() }));
    await expect(RunFolder.open(out, config, true)).rejects.toThrow(`the process ${process.ppid} on ${hostname()}`);
    await rm(join(out, 'run.lock'));
    await (await RunFolder.open(out, config, true)).close();
    expect((await readdir(out)).sort()).toEqual(['checkpoints', 'config.json']);
  });

  it('is given back when the folder is refused', async () => {
    const out = folder();
    await (await RunFolder.open(out, config, false)).close();
    await expect(RunFolder.open(out, config, false)).rejects.toThrow('Add --resume');
    await expect(RunFolder.open(out, { ...config, seed: 2 }, true)).rejects.toMatchObject({ code: 'CONFIG' });
    await (await RunFolder.open(out, config, true)).close();
  });

  it('is taken over from a dead process, and what that was writing is removed', async () => {
    const out = folder();
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await (await RunFolder.open(out, config, false)).close();
    await mkdir(join(out, 'model'));
    await writeFile(join(out, 'run.lock'), JSON.stringify({ pid, host: hostname() }));
    for (const name of ['checkpoints/last.safetensors', 'model/weights.safetensors', 'run.lock']) {
      await writeFile(join(out, `${name}.${pid}.7.tmp`), 'half');
    }
    // Of a process that is there; and no file of limn's.
    await writeFile(join(out, `result.json.${process.ppid}.1.tmp`), 'half');
    await writeFile(join(out, 'notes.tmp'), 'mine');
    await (await RunFolder.open(out, config, true)).close();
    expect((await readdir(out, { recursive: true })).sort()).toEqual(
      ['checkpoints', 'config.json', 'model', 'notes.tmp', `result.json.${process.ppid}.1.tmp`].sort(),
    );
  });
});

describe('a damaged checkpoint', () => {
  it('is an error that names it, or gives what was written', async () => {
    const out = folder();
    const run = await RunFolder.open(out, config, false);
    const tensors = { a: float32([2, 3], [1, 2, 3, 4, 5, 6]), b: float32([4], [7, 8, 9, 10]) };
    await run.log({ kind: 'train' });
    const trainingState = { step: 12, metricsBytes: 17, seconds: 3.5, best: { epoch: 1, score: 40.5, values: { 'R@10': 40.5 } } };
    await run.saveCheckpoint(tensors, trainingState);
    const path = join(out, 'checkpoints', 'last.safetensors');
    let refused = 0;
    for (const damage of damagesOf(await readFile(path), 3, { flips: 200, cuts: 20 })) {
      await writeFile(path, damage.bytes);
      const found = await run.loadCheckpoint().catch((error) => error);
      if (LimnError.isInstance(found)) {
        refused++;
        expect(found.message, damage.name).toContain(path);
      } else expect(found, damage.name).toMatchObject({ tensors, trainingState });
    }
    expect(refused).toBeGreaterThan(200);
    await run.close();
  });
});

const trainingConfig = (training: object, model = {}) => ({ format: 'f', model, training });
const rates = ['learningRate', 'encoderLearningRate'];
const openAndClose = async (...args: Parameters<typeof RunFolder.open>) => (await RunFolder.open(...args)).close();

it('goes on where a caller says something of the dataset by a name that a key had once', async () => {
  const out = folder();
  const named = { ...config, dataset: { name: 'wardrobe', pictures: 2000 } };
  await (await RunFolder.open(out, named, false)).close();
  await (await RunFolder.open(out, named, true)).close();
  await (await RunFolder.open(out, { ...config, dataset: { name: 'wardrobe', images: 2000 } }, true)).close();
  const other = { ...config, dataset: { name: 'wardrobe', pictures: 2001 } };
  await expect(RunFolder.open(out, other, true)).rejects.toThrow('"images": 2000 there, "images": 2001 now');
});

it('goes on with another learning rate where that is allowed, and with nothing else', async () => {
  const out = folder();
  await openAndClose(out, trainingConfig({ epochs: 2, learningRate: 1 }), false);
  const slower = trainingConfig({ epochs: 2, learningRate: 0.1, encoderLearningRate: 0.01 });
  await expect(RunFolder.open(out, slower, true)).rejects.toThrow('another configuration ("learningRate": 1 there');
  const told: string[] = [];
  await openAndClose(out, slower, true, { changeable: rates, onChange: (what) => told.push(what) });
  expect(told).toEqual(['learningRate 1 there, 0.1 now; encoderLearningRate "not set" there, 0.01 now']);
  expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject(slower);
  await openAndClose(out, slower, true, { changeable: rates, onChange: (what) => told.push(what) });
  expect(told).toHaveLength(1);
  for (const other of [
    trainingConfig({ epochs: 3, learningRate: 1 }),
    trainingConfig({ epochs: 2, learningRate: 1 }, { width: 2 }),
    trainingConfig({ epochs: 2, learningRate: 1, warmup: 0 }),
  ])
    await expect(RunFolder.open(out, other, true, { changeable: rates })).rejects.toThrow('another configuration');
});

it('names a damaged checkpoint, with advice that can be followed', async () => {
  const out = folder();
  const run = await RunFolder.open(out, trainingConfig({}), false);
  const file = join(out, 'checkpoints', 'last.safetensors');
  await writeFile(file, 'not a checkpoint');
  await expect(run.loadCheckpoint()).rejects.toThrow(
    /last\.safetensors is damaged .* Remove it, and --resume begins this run again/,
  );
  await rm(file);
  expect(await run.loadCheckpoint()).toBeUndefined();
  await run.close();
});
