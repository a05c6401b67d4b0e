/**
 * Folders that limn 0.1.0 wrote (test/fixtures/made-by-0.1.0: runs, an interrupted run, a gallery, a config; 60 drawn garments) open
 * today and give what they gave then.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeSafetensors } from '../src/engine/tensor/safetensors.js';
import { relativeError } from './fixtures/fixture.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
const kept = resolve(import.meta.dirname, 'fixtures/made-by-0.1.0');
let work: string;
let expected: {
  search: { reference: string; text: string; hits: { id: string; score: number; factors: number[] }[] };
  tirg: Record<string, number>;
  caption: string;
};

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-compatibility-'));
  await cp(kept, work, { recursive: true });
  expected = JSON.parse(await readFile(join(kept, 'expected.json'), 'utf8'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

function limn(...args: string[]): string {
  const env = { ...process.env, LIMN_HOME: join(work, 'home') };
  return execFileSync(process.execPath, [program, ...args], {
    cwd: work,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const data = ['--dataset', 'fashioniq', '--data', 'data', '--category', 'wardrobe'];

it('searches a gallery with the model that indexed it', () => {
  const { reference, text, hits } = expected.search;
  const printed = limn(
    'search',
    '--gallery',
    'gallery',
    '--image',
    `data/images/${reference}`,
    '--text',
    text,
    '-k',
    '5',
    '--json',
  );
  const found = JSON.parse(printed).hits as typeof hits;
  expect(found.map(({ id }) => id)).toEqual(hits.map(({ id }) => id));
  found.forEach(({ score, factors }, i) => {
    expect(score).toBeCloseTo(hits[i]!.score, 5);
    factors.forEach((factor, k) => {
      expect(factor).toBeCloseTo(hits[i]!.factors[k]!, 5);
    });
  });
});

/**
 * Biases that a softmax takes out again: their gradient is 0 but for rounding, of which Adam makes whole steps, so another order of the same sums
 * gives other values, and the same model.
 */
const addedBeforeSoftmax = /(attention\.key|matching\.energy)\.bias$/;

it('resumes an interrupted training to the state of one that was left alone', async () => {
  limn('train', '--config', 'train.json', '--data', 'data', '--out', 'interrupted', '--resume');
  const checkpoint = async (run: string) => {
    const file = join(work, run, 'checkpoints', 'last.safetensors');
    return decodeSafetensors(await readFile(file), file).tensors;
  };
  const [now, then] = [await checkpoint('interrupted'), await checkpoint('whole')];
  expect(Object.keys(now).sort()).toEqual(Object.keys(then).sort());
  for (const name of Object.keys(then)) {
    if (addedBeforeSoftmax.test(name)) continue;
    expect(relativeError(now[name]!, then[name]!), name).toBeLessThan(1e-4);
  }
});

it('evaluates a baseline', () => {
  const printed = limn('evaluate', '--model', 'tirg', ...data, '--split', 'val', '--protocol', 'fashioniq-original', '--json');
  expect(JSON.parse(printed).metrics).toMatchObject(expected.tirg);
});

it('writes a caption', () => {
  const images = ['--reference', 'data/images/w00001.jpg', '--target', 'data/images/w00002.jpg'];
  expect(JSON.parse(limn('caption', '--model', 'captioner', ...images, '--json')).text).toBe(expected.caption);
});
