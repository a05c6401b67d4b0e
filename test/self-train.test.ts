/** LIMN+ on a small drawn catalogue: whole, interrupted and resumed, and as a command. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../src/core/progress.js';
import { readFashionIQ } from '../src/learning/data/fashioniq.js';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';
import type { SelfTrainOptions } from '../src/learning/self-training/begin.js';
import { readPseudoTriplets } from '../src/learning/self-training/pseudo-triplets.js';
import { selfTrain } from '../src/learning/self-training/self-train.js';
import type { TimePlan } from '../src/learning/self-training/time-plan.js';
import { ImageEncoderRuntime } from '../src/models/retrieval/image-encoder-runtime.js';
import { scanImages } from '../src/search/gallery/ingest/scan.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
const homeBefore = process.env.LIMN_HOME;
let work: string;
let data: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-self-train-'));
  process.env.LIMN_HOME = join(work, 'home');
  data = join(work, 'wardrobe');
  await generateSyntheticFashion({ directory: data, images: 120, seed: 3, size: 32 });
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
  // After two epochs a captioner repeats itself.
  judge: { rank: 40, margin: -2, repeats: true },
  gallerySample: 30,
  others: 2,
  captionerFloor: 0,
  limn: { model: { ...model, factors: 2, projection: 8 }, training },
  captioner: { model, training },
};

interface RunOptions extends Partial<Omit<SelfTrainOptions, 'settings'>> {
  stopAt?: string;
  settings?: object;
}

async function run(name: string, { stopAt, settings: other, ...more }: RunOptions = {}) {
  const reader = more.reader ?? ImageEncoderRuntime.patch(32, 16, 0);
  const stop = new AbortController();
  try {
    return await selfTrain({
      train: await split('train'),
      val: await split('val'),
      out: join(work, name),
      dataset: {},
      settings: { ...settings, ...other },
      signal: stop.signal,
      onProgress: ({ stage }) => {
        if (stopAt !== undefined && stage.includes(stopAt)) stop.abort();
      },
      ...more,
      reader,
    });
  } finally {
    await reader.close();
  }
}

const split = (which: 'train' | 'val') => readFashionIQ({ directory: data, category: 'wardrobe', split: which });
/** The models that the first test leaves behind. */
const given = () => ({ limn: join(work, 'whole', 'limn'), captioner: join(work, 'whole', 'captioner') });

async function imagesIn(folder: string) {
  return (await scanImages(folder)).map((id) => ({ id, path: join(folder, id) }));
}

function limn(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program, 'self-train', ...words], { cwd: work }, (failure, out, error) =>
      done({ code: failure ? Number(failure.code) : 0, out, error }),
    );
  });
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
    expect(accepted.every(({ rank, margin }) => rank <= 40 && (margin as number) >= -2)).toBe(true);
    expect(records.every(({ textMargin }) => Number.isFinite(textMargin))).toBe(true);
    expect(second.trainedOn.pseudo).toBe(accepted.length);
    // No validation picture is ever mined, and no labelled pair.
    const val = await readFashionIQ({ directory: data, category: 'wardrobe', split: 'val' });
    const held = new Set(val.images.map(({ id }) => id));
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

  it('in a given time it writes as many pairs and trains as many epochs as fit, and resumed it keeps to that', async () => {
    // A clock that is a second further each time it is looked at: a step takes a second.
    const clock = (pace: number) => {
      let seconds = 0;
      return () => (seconds += pace);
    };
    const labelled = Math.round(0.6 * (await split('train')).triplets.length);
    const epochs = 4;
    const whole = (epochs * (labelled + 60)) / 8;
    const timed = { minutes: (0.6 * whole) / 0.8 / 60, retraining: { limn: { epochs }, captioner: false } };
    const said: string[] = [];
    const logger = { ...silentLogger, info: (message: string) => said.push(message) };
    const common = { given: given(), settings: timed };
    await expect(run('timed', { ...common, logger, now: clock(1), stopAt: 'round 1: write' })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    const kept = await readFile(join(work, 'timed', 'plan.json'), 'utf8');
    const { pairs, further } = (JSON.parse(kept) as { result: TimePlan }).result;
    expect(said.join('\n')).toContain(
      `plan: 1 round of up to ${pairs} pairs, a text for each, and ${further.limn} epochs of LIMN`,
    );
    expect(further.limn).toBeGreaterThanOrEqual(1);
    expect(further.limn).toBeLessThan(epochs);

    const result = await run('timed', { ...common, now: clock(1000), resume: true });
    expect(await readFile(join(work, 'timed', 'plan.json'), 'utf8')).toBe(kept);
    const { mined } = result.rounds[1] as (typeof result.rounds)[number];
    expect(Object.values(mined).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(pairs);
    const { training: used } = JSON.parse(await readFile(join(work, 'timed', 'round-1', 'limn', 'config.json'), 'utf8'));
    expect(used.epochs).toBe(further.limn);
  });

  it('ends before it writes where the captioner has no skill', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
    const [limnModel, captionerModel] = [given().limn, given().captioner];
    const result = await run('unskilled', {
      given: { limn: limnModel, captioner: captionerModel },
      settings: { captionerFloor: 99 },
      logger,
    });
    expect(result).toMatchObject({ ended: 'captioner', best: 0 });
    expect(result.rounds).toHaveLength(1);
    expect(warnings.join('\n')).toContain('The captioner has no skill: its CIDEr-D on validation is ');
    expect(existsSync(join(work, 'unskilled', 'round-1'))).toBe(false);
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

  it('is a command that measures a test split at its end and leaves a page', async () => {
    // A test split that is the validation split under another name, so that its recall is known.
    await cp(data, join(work, 'tested'), { recursive: true });
    for (const [folder, file] of [
      ['captions', 'cap.wardrobe'],
      ['image_splits', 'split.wardrobe'],
    ] as const) {
      await cp(join(data, folder, `${file}.val.json`), join(work, 'tested', folder, `${file}.test.json`));
    }
    await writeFile(join(work, 'plus.json'), JSON.stringify({ 'self-train': { selfTraining: settings } }));
    const words = ['--config', 'plus.json', '--data', 'tested', '--category', 'wardrobe', '--out', 'command'];
    const sizes = ['--image-size', '32', '--patch-size', '16', '--patch-layers', '0'];
    const ended = await limn(...words, ...sizes, '--test-split', 'test');
    expect(ended.code, ended.error).toBe(0);
    expect(ended.out).toMatch(
      /^round 0.*: R@1 .*; \d+ labelled and 0 pseudo triplets\nround 1.*\ntest of round [01], .*\ncommand\/limn\ncommand\/report.html\n$/,
    );
    const best = /\(best\): (.*);/.exec(ended.out)?.[1];
    expect(ended.out).toContain(`measured once: ${best}\n`);
    const page = await readFile(join(work, 'command', 'report.html'), 'utf8');
    expect(page).toContain('Validation over rounds</h2>');
    expect(page).toContain(`On the test split, measured once: ${best}.`);
    expect(page).not.toContain('NaN');
    expect(page).toMatch(/<img alt="[^"]+" src="data:image/);
  });
});

describe('self-training with given models', () => {
  it('needs no labels: it learns from accepted texts alone and keeps the last round', async () => {
    const pool = await imagesIn(join(data, 'images'));
    const labelFree = { train: undefined, val: undefined, pool, given: given(), settings: { rounds: 2, labels: 1 } };
    const result = await run('free', labelFree);
    expect(result).toMatchObject({ best: 2, ended: 'rounds', validation: 'pseudo triplets' });
    expect(result.rounds.map(({ round }) => round)).toEqual([1, 2]);
    const ids = pool.map(({ id }) => id);
    const seen = new Set<string>();
    for (const { round, mined, trainedOn, heldOut } of result.rounds) {
      const records = await readPseudoTriplets(join(work, 'free', `round-${round}`, 'pseudo.jsonl'));
      expect(mined).toEqual({ reversed: 0, twoHop: 0, sharedReference: 0, sharedTarget: 0, neighbours: records.length });
      const accepted = records.filter(({ verdict }) => verdict === 'accepted').length;
      expect(heldOut).toBe(Math.max(1, Math.round(accepted / 10)));
      expect(trainedOn).toEqual({ labelled: 0, pseudo: accepted - (heldOut as number) });
      for (const { reference, target } of records) {
        expect([ids.includes(reference), ids.includes(target), seen.has(`${reference} ${target}`)]).toEqual([true, true, false]);
        seen.add(`${reference} ${target}`);
      }
    }
    const last = await readFile(join(work, 'free', 'round-2', 'limn', 'model', 'weights.safetensors'));
    expect((await weights('free')).equals(last)).toBe(true);

    await expect(run('freed', { ...labelFree, stopAt: 'round 2: write' })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const otherPool = { ...labelFree, pool: pool.slice(1), resume: true };
    await expect(run('freed', otherPool)).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining('"pool"') });
    await run('freed', { ...labelFree, resume: true });
    expect((await weights('freed')).equals(await weights('free'))).toBe(true);
  });

  it('measures them where there are labels, and mines beyond the labelled pictures', async () => {
    const before = await run('whole', { resume: true });
    await generateSyntheticFashion({ directory: join(work, 'more'), images: 60, seed: 9, size: 32 });
    const more = (await imagesIn(join(work, 'more', 'images'))).map(({ id, path }) => ({ id: `more/${id}`, path }));
    // The dataset's own pictures under other ids, those of validation among them: they are not taken twice.
    const again = (await imagesIn(join(data, 'images'))).map(({ id, path }) => ({ id: `again/${id}`, path }));
    const pairs = { reversed: 5, neighbours: { count: 60, high: 1 } };
    const result = await run('wider', { given: given(), pool: [...again, ...more], settings: { labels: 1, pairs } });
    const [first, second] = result.rounds;
    expect(first).toMatchObject({ round: 0, given: true, trainedOn: { labelled: 0, pseudo: 0 } });
    const { recall, captions } = before.rounds[before.best]!;
    expect(first).toMatchObject({ recall, captions });
    expect(second?.trainedOn.labelled).toBe((await split('train')).triplets.length);
    const named = (await pseudo('wider')).flatMap(({ reference, target }) => [reference, target]);
    expect(named.some((id) => id.startsWith('more/'))).toBe(true);
    expect(named.filter((id) => id.startsWith('again/'))).toEqual([]);
    const kept = result.best === 0 ? ['whole', 'limn'] : ['wider', 'round-1', 'limn', 'model'];
    expect((await weights('wider')).equals(await readFile(join(work, ...kept, 'weights.safetensors')))).toBe(true);
  });

  it('leaves out broken pictures of the pool and keeps the captioner when asked to', async () => {
    await mkdir(join(work, 'holes'));
    for (const { id, path } of (await imagesIn(join(data, 'images'))).slice(0, 40)) await cp(path, join(work, 'holes', id));
    await writeFile(join(work, 'holes', 'broken.jpg'), 'this is a text');
    const words = ['--pool', 'holes', '--limn', 'whole/limn', '--captioner', 'whole/captioner', '--out', 'mended'];
    const some = { ...settings, judge: { rank: 40, margin: -5, repeats: true }, labels: 1, retraining: { captioner: false } };
    await writeFile(join(work, 'pool.json'), JSON.stringify({ 'self-train': { selfTraining: some } }));
    const stopped = await limn(...words, '--config', 'pool.json');
    expect([stopped.code, stopped.error]).toEqual([1, expect.stringContaining('broken.jpg is not a picture')]);
    const ended = await limn(...words, '--config', 'pool.json', '--skip-broken', '--resume');
    expect(ended.code, ended.error).toBe(0);
    expect(ended.out).toMatch(
      /^round 1 \(kept\): R@1 .*; 0 labelled and \d+ pseudo triplets, validated on \d+ held-out pseudo triplets\nwithout labels to validate on, .*\nmended\/limn\nmended\/report.html\n$/,
    );
    const captioner = (folder: string) => readFile(join(work, folder, 'captioner', 'weights.safetensors'));
    expect((await captioner('mended')).equals(await captioner('whole'))).toBe(true);
    expect(existsSync(join(work, 'mended', 'round-1', 'captioner'))).toBe(false);
    const page = await readFile(join(work, 'mended', 'report.html'), 'utf8');
    expect(page).toContain('There are no labels to validate on');
    expect(page).toContain('<th>held out</th>');
    expect(page).not.toMatch(/NaN|undefined/);
  });

  it('refuses what it cannot begin with, before anything is written', async () => {
    const pool = await imagesIn(join(data, 'images'));
    const none = { train: undefined, val: undefined, pool };
    await expect(run('never', none)).rejects.toThrow(/^There are no labelled triplets and no given models/);
    await expect(run('never', { val: undefined })).rejects.toThrow(/no validation split/);
    await expect(run('never', { ...none, given: given(), pool: [] })).rejects.toThrow(/^The pool is empty/);
    const { limn: folder } = given();
    const swapped = { ...none, given: { limn: given().captioner, captioner: folder } };
    await expect(run('never', swapped)).rejects.toMatchObject({ code: 'CHECKPOINT' });
    const reader = ImageEncoderRuntime.patch(32, 8, 0);
    await expect(run('never', { ...none, given: given(), reader })).rejects.toThrow(
      `The LIMN in ${folder} was trained with the encoder patch-32-16-0, but the images are read with patch-32-8-0: both models must use the encoder that --encoder names.`,
    );
    await expect(run('never', { ...none, given: given(), settings: { rounds: 0 } })).rejects.toMatchObject({ code: 'CONFIG' });
    expect(existsSync(join(work, 'never'))).toBe(false);
  });

  it.each([
    [['--pool', 'wardrobe/images'], 2, 'limn self-train needs labels (--data) or trained models (--limn and --captioner)'],
    [['--pool', 'wardrobe/images', '--limn', 'whole'], 2, '--limn needs --captioner as well'],
    [['--data', 'wardrobe', '--captioner', 'whole'], 2, '--captioner needs --limn as well'],
    [
      ['--data', 'wardrobe', '--test-split', 'val'],
      2,
      'The split "val" chooses epochs and rounds, so it cannot be a test as well',
    ],
    [['--data', 'wardrobe', '--category', 'wardrobe', '--test-split', 'test'], 2, 'has no split "test"; found: train, val'],
    [['--limn', 'whole/limn', '--captioner', 'whole/captioner'], 2, 'limn self-train needs --data'],
    [['--pool', 'void', '--limn', 'whole/limn', '--captioner', 'whole/captioner'], 1, 'The folder void has no pictures'],
    [['--pool', 'void', '--limn', 'a', '--captioner', 'b', '--category', 'dress'], 2, '"category" needs labels'],
    [
      ['--pool', 'wardrobe/images', '--limn', 'whole/limn', '--captioner', 'whole/captioner', '--encoder', 'patch'],
      1,
      'was trained with the encoder patch-32-16-0, but the images are read with patch-64-8-2',
    ],
  ])('limn self-train %s', async (words, code, expected) => {
    await mkdir(join(work, 'void'), { recursive: true });
    const ended = await limn(...words, '--out', 'refused');
    expect([ended.code, ended.error]).toEqual([code, expect.stringContaining(expected)]);
    expect(ended.error.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(work, 'refused'))).toBe(false);
  });
});
