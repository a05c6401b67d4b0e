/** Whole experiments on a handful of drawn pictures: two methods, two seeds. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OnProgress } from '../../core/progress.js';
import { type PlannedRun, planRuns, resultsOf } from './plan.js';
import { writeReport } from './report.js';
import { decodeRanks } from './result.js';
import { runExperiment } from './run.js';
import { drawTinyDataset, openPatchEncoder, tinyExperiment } from './testing/tiny-experiment.js';

let work: string;
let done: string;

const experimentOf = (changes: object = {}) => tinyExperiment(work, changes);

async function runIn(
  out: string,
  changes: object = {},
  options: { onProgress?: OnProgress; signal?: AbortSignal; runs?: PlannedRun[] } = {},
) {
  const experiment = experimentOf(changes);
  const runs = planRuns(experiment, out);
  const trained: string[] = [];
  const ended = await runExperiment({
    experiment,
    runs,
    command: 'limn experiment run tiny.json',
    openEncoder: openPatchEncoder,
    onProgress: (event) => {
      const [, id] = /\((.*)\): train$/.exec(event.stage) ?? [];
      if (id && !trained.includes(id)) trained.push(id);
      options.onProgress?.(event);
    },
    signal: options.signal,
  });
  return { experiment, runs, ended, trained };
}

const outcome = async (folder: string) => {
  const { ranks, metrics, model } = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'));
  return { ranks, metrics, model };
};

/** A copy of the finished experiment. */
async function copyOf(name: string): Promise<string> {
  await cp(done, join(work, name), { recursive: true });
  return join(work, name);
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-experiment-'));
  vi.stubEnv('LIMN_HOME', join(work, 'home'));
  await drawTinyDataset(work);
  done = join(work, 'done');
  const { trained, ended } = await runIn(done);
  expect(trained).toEqual(['limn/wardrobe/seed-1', 'one/wardrobe/seed-1', 'limn/wardrobe/seed-2', 'one/wardrobe/seed-2']);
  expect(ended).toEqual({ busy: [], failed: [] });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true, force: true });
});

describe('an experiment that is done', () => {
  test('has a result a run with everything that a reader asks for', async () => {
    const results = await resultsOf(planRuns(experimentOf(), done));
    expect(results.size).toBe(4);
    const result = results.get('one/wardrobe/seed-2')!;
    expect(result).toMatchObject({
      method: 'one',
      category: 'wardrobe',
      seed: 2,
      protocol: 'fashioniq-val',
      command: 'limn experiment run tiny.json',
      model: { encoder: 'patch-32-16-0', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      versions: { node: process.versions.node, onnxruntime: expect.stringMatching(/^\d+\.\d+/) },
    });
    const ranks = decodeRanks(result.ranks);
    expect(ranks).toHaveLength(result.queries);
    expect(ranks.every((rank) => rank >= 1 && rank < result.gallery)).toBe(true);
    expect(result.metrics['R@10']).toBeCloseTo((100 * ranks.filter((rank) => rank <= 10).length) / ranks.length, 9);
    // A factor has a token of 16 and nothing else of its own.
    expect(results.get('limn/wardrobe/seed-2')!.parameters - result.parameters).toBe(16);
    expect(await readdir(join(done, 'runs', 'one', 'wardrobe', 'seed-2'))).not.toContain('checkpoints');
  });

  test('is not trained again', async () => {
    expect((await runIn(done)).trained).toEqual([]);
  });

  test('trains only what was added', async () => {
    const out = await copyOf('added');
    const methods = [{ id: 'limn' }, { id: 'one', model: { factors: 1 } }, { id: 'tirg', model: { method: 'tirg' } }];
    const { trained } = await runIn(out, { methods });
    expect(trained).toEqual(['tirg/wardrobe/seed-1', 'tirg/wardrobe/seed-2']);
  });

  test('is reported in three files, and in a section of a fourth', async () => {
    const out = await copyOf('reported');
    const experiment = experimentOf();
    await rm(join(out, 'runs', 'limn', 'wardrobe', 'seed-2'), { recursive: true });
    const docs = join(out, 'docs.md');
    await writeFile(docs, '# Mine\n');
    const summary = await writeReport({ experiment, runs: planRuns(experiment, out), out, command: 'the command', docs });
    expect(summary.unfinished).toEqual(['limn/wardrobe/seed-2']);
    const markdown = await readFile(join(out, 'results.md'), 'utf8');
    expect(markdown).toContain('| LIMN (1 of 2 seeds) |');
    expect(markdown).toContain('1 of 4 runs are not done: limn/wardrobe/seed-2');
    expect(await readFile(docs, 'utf8')).toBe(`# Mine\n\n<!-- experiment:tiny -->\n${markdown}<!-- /experiment:tiny -->\n`);
    const page = await readFile(join(out, 'report.html'), 'utf8');
    expect(page).toContain('Tiny &amp; drawn');
    // Two examples: the reference, six hits, and the wanted picture where it is not among them.
    expect(page.match(/src="data:image\/webp;base64,/g)!.length).toBeGreaterThanOrEqual(14);
    expect(JSON.parse(await readFile(join(out, 'results.json'), 'utf8'))).toEqual(summary);
  });
});

test('interrupted and started again, it ends in the same models as without', async () => {
  const out = join(work, 'interrupted');
  const stop = new AbortController();
  const interrupted = runIn(
    out,
    {},
    {
      signal: stop.signal,
      onProgress: ({ stage, done: steps }) => stage.includes('one/wardrobe/seed-1): train') && steps >= 4 && stop.abort(),
    },
  );
  await expect(interrupted).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: 'Interrupted in run 2 of 4 (one/wardrobe/seed-1). Run the same command to resume.',
  });
  expect(await readdir(join(out, 'runs', 'one', 'wardrobe', 'seed-1'))).toEqual(
    expect.not.arrayContaining(['lock', 'result.json']),
  );
  const { trained, runs } = await runIn(out);
  expect(trained).toEqual(['one/wardrobe/seed-1', 'limn/wardrobe/seed-2', 'one/wardrobe/seed-2']);
  for (const { folder, id } of runs) expect(await outcome(folder), id).toEqual(await outcome(join(done, 'runs', id)));
});

test('a run that another process works on is left to it; the lock of a dead one is not', async () => {
  const out = await copyOf('locked');
  const [, first, , second] = planRuns(experimentOf(), out);
  for (const run of [first!, second!]) await rm(join(run.folder, 'result.json'));
  await writeFile(join(first!.folder, 'lock'), JSON.stringify({ pid: 1, host: 'another-machine' }));
  await writeFile(join(second!.folder, 'lock'), 'cut sho');
  const { trained, ended } = await runIn(out);
  expect(trained).toEqual([second!.id]);
  expect(ended.busy.map(({ id }) => id)).toEqual([first!.id]);
});

describe('refused before anything is trained', () => {
  const refused = async (name: string, changes: object, expected: { code: string; message: string }) => {
    const out = join(work, name);
    await expect(runIn(out, changes)).rejects.toMatchObject({
      code: expected.code,
      message: expect.stringContaining(expected.message),
    });
    expect(await readdir(out).catch(() => [])).toEqual([]);
  };

  test.each([
    ['protocol', { protocol: 'mine' }, { code: 'USAGE', message: 'There is no protocol "mine"' }],
    ['metric', { metrics: ['recall'] }, { code: 'CONFIG', message: 'the metric "recall": give names such as "R@10"' }],
    ['large K', { metrics: ['R@500'] }, { code: 'CONFIG', message: 'asks for the metric "R@500", but the gallery has only' }],
    ['subset', { metrics: ['Rsubset@1'] }, { code: 'CONFIG', message: 'fashioniq-val has no subsets' }],
    ['model key', { model: { widht: 8 } }, { code: 'CONFIG', message: 'unknown key "widht". Did you mean "width"?' }],
    ['training key', { training: { epoch: 8 } }, { code: 'CONFIG', message: 'unknown key "epoch". Did you mean "epochs"?' }],
    ['weights key', { model: { weights: { factor: 1 } } }, { code: 'CONFIG', message: 'Did you mean "factors"?' }],
    ['method', { model: { method: 'limm' } }, { code: 'CONFIG', message: 'method "limn", "model" is wrong at "method"' }],
    ['heads', { model: { width: 15, heads: 2 } }, { code: 'CONFIG', message: 'the width must be a multiple of the heads' }],
    [
      'no data',
      { dataset: { format: 'fashioniq', directory: 'nowhere', category: 'wardrobe' } },
      { code: 'DATA', message: 'nowhere has no captions/' },
    ],
  ])('%s', refused);

  test('a run folder of other settings, also of one that was only begun', async () => {
    const out = await copyOf('other');
    const folder = join(out, 'runs', 'limn', 'wardrobe', 'seed-1');
    const expected = {
      code: 'CONFIG',
      message: `The run in ${folder} was made with other settings: choose another --out, or delete that folder.`,
    };
    await expect(runIn(out, { training: { epochs: 3, batchSize: 16 } })).rejects.toMatchObject(expected);
    await rm(join(folder, 'result.json'));
    await expect(runIn(out, { training: { epochs: 3, batchSize: 16 } })).rejects.toMatchObject(expected);
  });

  test('results on other data', async () => {
    const out = await copyOf('other data');
    const images = { encoder: 'patch', imageSize: 32, patchSize: 8, patchLayers: 0 };
    await expect(runIn(out, { images })).rejects.toThrow('was made on other data or with another encoder');
  });

  test.each([
    ['cut short', (text: string) => text.slice(0, 300)],
    ['without ranks', (text: string) => JSON.stringify({ ...JSON.parse(text), ranks: '' })],
    ['without a key', (text: string) => JSON.stringify({ ...JSON.parse(text), parameters: undefined })],
  ])('a result.json %s', async (name, damage) => {
    const out = await copyOf(`damaged ${name}`);
    const folder = join(out, 'runs', 'one', 'wardrobe', 'seed-1');
    const file = join(folder, 'result.json');
    await writeFile(file, damage(await readFile(file, 'utf8')));
    await expect(runIn(out)).rejects.toThrow(`${file} is damaged`);
    await expect(runIn(out)).rejects.toThrow(`delete the folder ${folder} to train this run again`);
  });
});
