/** LIMN+ on a small drawn catalogue: whole, interrupted and resumed, and as a command. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFashionIQ } from '../src/data/fashioniq.js';
import { generateWardrobe } from '../src/data/wardrobe/generate.js';
import { PictureReader } from '../src/models/picture-reader.js';
import { readPseudoTriplets } from '../src/train/self-training/pseudo-triplets.js';
import { selfTrain } from '../src/train/self-training/self-train.js';

const program = resolve(import.meta.dirname, '../dist/cli/main.js');
const homeBefore = process.env.LIMN_HOME;
let work: string;
let data: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-self-train-'));
  process.env.LIMN_HOME = join(work, 'home');
  data = join(work, 'wardrobe');
  await generateWardrobe({ directory: data, pictures: 120, seed: 3, size: 32 });
});
afterAll(async () => {
  if (homeBefore === undefined) delete process.env.LIMN_HOME;
  else process.env.LIMN_HOME = homeBefore;
  await rm(work, { recursive: true, force: true });
});

const model = { width: 16, heads: 2, layers: 1 };
const training = { epochs: 2, batchSize: 8, learningRate: 3e-3 };
const settings = {
  rounds: 1,
  labels: 0.6,
  pairs: { reversed: 20, twoHop: 10, sharedReference: 5, sharedTarget: 5, neighbours: { count: 20, high: 1 } },
  judge: { rank: 40, margin: -2 },
  gallerySample: 30,
  others: 2,
  limn: { model: { ...model, factors: 2, projection: 8 }, training },
  captioner: { model, training },
};

async function run(name: string, more: { resume?: boolean; stopAt?: string; settings?: object } = {}) {
  const reader = PictureReader.patch(32, 16, 0);
  const stop = new AbortController();
  const split = (which: 'train' | 'val') => readFashionIQ({ directory: data, category: 'wardrobe', split: which });
  try {
    return await selfTrain({
      train: await split('train'),
      val: await split('val'),
      reader,
      out: join(work, name),
      dataset: {},
      settings: { ...settings, ...more.settings },
      resume: more.resume ?? false,
      signal: stop.signal,
      onProgress: ({ stage }) => {
        if (more.stopAt !== undefined && stage.includes(more.stopAt)) stop.abort();
      },
    });
  } finally {
    await reader.close();
  }
}

const weights = (name: string) => readFile(join(work, name, 'limn', 'weights.safetensors'));
const pseudo = (name: string) => readPseudoTriplets(join(work, name, 'round-1', 'pseudo.jsonl'));

describe('self-training', () => {
  it('mines, writes, judges and trains both models on what is kept', async () => {
    const result = await run('whole');
    const [first, second] = result.rounds as [(typeof result.rounds)[0], (typeof result.rounds)[0]];
    const train = await readFashionIQ({ directory: data, category: 'wardrobe', split: 'train' });
    expect(first.trainedOn).toEqual({ labelled: Math.round(0.6 * train.triplets.length), pseudo: 0 });
    const records = await pseudo('whole');
    const mined = Object.values(second.mined).reduce((sum, count) => sum + count, 0);
    expect(records).toHaveLength(mined);
    expect(mined).toBeGreaterThan(30);
    const accepted = records.filter(({ verdict }) => verdict === 'accepted');
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.length).toBeLessThan(records.length);
    expect(accepted.every(({ rank, margin }) => rank <= 40 && margin >= -2)).toBe(true);
    expect(second.trainedOn.pseudo).toBe(Math.min(accepted.length, first.trainedOn.labelled));
    // No validation picture is ever mined, and no labelled pair.
    const val = await readFashionIQ({ directory: data, category: 'wardrobe', split: 'val' });
    const held = new Set(val.pictures.map(({ id }) => id));
    expect(records.filter(({ reference, target }) => held.has(reference) || held.has(target))).toEqual([]);
    expect(result.best).toBe((second.recall['10'] as number) > (first.recall['10'] as number) ? 1 : 0);
  });

  it('goes on from a stop to the same end, and does no finished stage again', async () => {
    await expect(run('stopped', { stopAt: 'round 1: write' })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const stages = ['limn.json', 'captioner.json'].map((file) => join(work, 'stopped', 'round-0', file));
    const before = await Promise.all(stages.map(async (file) => (await stat(file)).mtimeMs));
    await expect(run('stopped')).rejects.toMatchObject({ code: 'USAGE' });
    await run('stopped', { resume: true });
    expect(await Promise.all(stages.map(async (file) => (await stat(file)).mtimeMs))).toEqual(before);
    expect(await pseudo('stopped')).toEqual(await pseudo('whole'));
    expect((await weights('stopped')).equals(await weights('whole'))).toBe(true);
    await expect(run('stopped', { resume: true, settings: { rounds: 3 } })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('believes every text when nobody judges', async () => {
    await run('unjudged', { settings: { judging: false } });
    const records = await pseudo('unjudged');
    expect(records.every(({ verdict }) => verdict === 'accepted')).toBe(true);
    expect(records.map(({ text }) => text)).toEqual((await pseudo('whole')).map(({ text }) => text));
  });

  it('refuses wrong settings in one line', async () => {
    await expect(run('never', { settings: { pairs: { sideways: 3 } } })).rejects.toThrow(
      /^Wrong self-training settings at pairs: .*sideways/,
    );
    await expect(run('never', { settings: { labels: 0 } })).rejects.toThrow(/^Wrong self-training settings at labels: /);
    const none = { reversed: 0, twoHop: 0, sharedReference: 0, sharedTarget: 0, neighbours: { count: 0 } };
    await expect(run('nothing', { settings: { pairs: none } })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('is a command that leaves a page', async () => {
    await writeFile(join(work, 'plus.json'), JSON.stringify({ 'self-train': { selfTraining: settings } }));
    const words = ['self-train', '--config', 'plus.json', '--data', 'wardrobe', '--category', 'wardrobe', '--out', 'command'];
    const sizes = ['--picture-size', '32', '--patch-size', '16', '--patch-layers', '0'];
    const ended = await new Promise<{ failure: unknown; out: string; error: string }>((done) => {
      execFile(process.execPath, [program, ...words, ...sizes], { cwd: work }, (failure, out, error) =>
        done({ failure, out, error }),
      );
    });
    expect(ended.failure, ended.error).toBeNull();
    expect(ended.out).toMatch(
      /^round 0.*: R@1 .*; \d+ labelled and 0 pseudo triplets\nround 1.*\ncommand\/limn\ncommand\/report\.html\n$/,
    );
    const page = await readFile(join(work, 'command', 'report.html'), 'utf8');
    expect(page).toContain('Validation over rounds');
    expect(page).not.toContain('NaN');
    expect(page).toMatch(/<img alt="[^"]+" src="data:image/);
  });
});
