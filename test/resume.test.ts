/** A training that is killed at any moment and resumed ends in the very bits of one that was left alone. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';

const child = fileURLToPath(new URL('support/train-child.mjs', import.meta.url));
let work: string;
let data: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-resume-'));
  data = join(work, 'wardrobe');
  await generateSyntheticFashion({ directory: data, images: 120, seed: 3, size: 48 });
});
afterAll(() => rm(work, { recursive: true, force: true }));

interface Ended {
  signal: NodeJS.Signals | null;
  code: number | null;
  stderr: string;
}

/** Trains in a child process; `killAt` kills it with SIGKILL as soon as it reports that step. */
function trainInChild(out: string, options: { settings?: object; resume?: boolean; killAt?: number } = {}): Promise<Ended> {
  const settings = { epochs: 3, batchSize: 16, checkpointSeconds: 0.05, ...options.settings };
  const args = [child, data, out, JSON.stringify(settings), ...(options.resume ? ['resume'] : [])];
  const running = spawn(process.execPath, args, { env: { ...process.env, LIMN_HOME: join(work, 'home') } });
  let stderr = '';
  running.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  running.stdout.on('data', (chunk: Buffer) => {
    const step = Number(chunk.toString().trim().split('\n').at(-1));
    if (options.killAt !== undefined && step >= options.killAt) running.kill('SIGKILL');
  });
  return new Promise((resolve) => running.on('close', (code, signal) => resolve({ code, signal, stderr })));
}

const bytes = (...parts: string[]) => readFile(join(...parts));

/** Validation lines without the seconds, which are the only thing that may differ. */
async function metrics(out: string): Promise<object[]> {
  const text = (await bytes(out, 'metrics.ndjson')).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'validation')
    .map(({ seconds, ...line }) => line);
}

describe.each([
  ['one step a run and an average of the weights', { stepsPerRun: 1, averageDecay: 0.9 }],
  ['four steps a run, in a Loop', {}],
])('killed and resumed, with %s', (_name, settings) => {
  test('the weights and the validations are those of an uninterrupted run', async () => {
    const [whole, killed] = [join(work, `whole${JSON.stringify(settings)}`), join(work, `killed${JSON.stringify(settings)}`)];
    expect(await trainInChild(whole, { settings })).toMatchObject({ code: 0 });
    expect(await trainInChild(killed, { settings, killAt: 8 })).toMatchObject({ signal: 'SIGKILL' });
    expect(await trainInChild(killed, { settings, killAt: 30, resume: true })).toMatchObject({ signal: 'SIGKILL' });
    expect(await trainInChild(killed, { settings, resume: true })).toMatchObject({ code: 0 });
    const weights = await bytes(whole, 'model', 'weights.safetensors');
    expect((await bytes(killed, 'model', 'weights.safetensors')).equals(weights)).toBe(true);
    expect(await metrics(killed)).toEqual(await metrics(whole));
  });
});

test('a checkpoint cut in half is an error that names it, and is left as it was', async () => {
  const out = join(work, 'cut');
  expect(await trainInChild(out, { killAt: 20 })).toMatchObject({ signal: 'SIGKILL' });
  const [file] = await readdir(join(out, 'checkpoints'));
  const path = join(out, 'checkpoints', file as string);
  const size = (await bytes(path)).length;
  await truncate(path, Math.floor(size / 2));
  const { code, stderr } = await trainInChild(out, { resume: true });
  expect(code).toBe(1);
  expect(stderr).toContain('is cut short');
  expect((await bytes(path)).length).toBe(Math.floor(size / 2));
});

test('a run folder of another configuration is refused', async () => {
  const out = join(work, 'other');
  expect(await trainInChild(out, { settings: { epochs: 1 } })).toMatchObject({ code: 0 });
  const { stderr } = await trainInChild(out, { settings: { epochs: 2 }, resume: true });
  expect(stderr).toContain('was started with another configuration ("epochs": 1 there, "epochs": 2 now)');
});
