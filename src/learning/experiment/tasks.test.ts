/** Experiments whose methods are trained in rounds, and those of captioners, on a handful of drawn pictures. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { generateSyntheticFashion } from '../data/synthetic-fashion/generate.js';
import { parseExperiment } from './config.js';
import { planRuns, resultsOf } from './plan.js';
import { writeReport } from './report.js';
import { runExperiment } from './run.js';

let work: string;

const base = {
  name: 'tiny',
  title: 'Tiny',
  dataset: { format: 'fashioniq', directory: 'wardrobe', category: 'wardrobe' },
  images: { encoder: 'patch', imageSize: 32, patchSize: 16, patchLayers: 0 },
  protocol: 'fashioniq-val',
  training: { epochs: 1, batchSize: 16 },
  seeds: [1],
};

async function runIn(name: string, changes: object) {
  const out = join(work, name);
  const experiment = parseExperiment({ ...base, ...changes }, join(work, 'tiny.json'));
  const runs = planRuns(experiment, out);
  const stages: string[] = [];
  const ended = await runExperiment({
    experiment,
    runs,
    command: 'limn experiment run tiny.json',
    openEncoder: async (_, { imageSize, patchSize, patchLayers }) => ImageEncoderRuntime.patch(imageSize, patchSize, patchLayers),
    onProgress: ({ stage }) => void stages.push(stage),
  });
  const results = await resultsOf(runs);
  return { out, experiment, runs, ended, results, stages };
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-tasks-'));
  vi.stubEnv('LIMN_HOME', join(work, 'home'));
  await generateSyntheticFashion({ directory: join(work, 'wardrobe'), images: 80, size: 32 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true, force: true });
});

test('methods that are trained in rounds share what they learn from the labels', async () => {
  const tiny = { width: 16, heads: 2, layers: 1 };
  const { out, results, stages, ended } = await runIn('rounds', {
    model: { ...tiny, factors: 2, projection: 8 },
    selfTraining: {
      labels: 0.5,
      rounds: 1,
      pairs: { reversed: 8, twoHop: 0, sharedReference: 0, sharedTarget: 0, neighbours: { count: 8 } },
      judge: { rank: 1000, margin: -10, repeats: true },
      captionerFloor: 0,
      captioner: { model: { ...tiny, decoderLayers: 1 }, training: { epochs: 1, batchSize: 16 } },
    },
    methods: [
      { id: 'limn', selfTraining: { rounds: 0 } },
      { id: 'plus', selfTraining: {} },
      { id: 'unjudged', selfTraining: { judging: false } },
    ],
    metrics: ['R@10'],
  });
  expect(ended).toEqual({ busy: [], failed: [] });
  expect(stages.filter((stage) => /round 0: train$/.test(stage)).every((stage) => stage.startsWith('run 1 of 3'))).toBe(true);
  expect(await readdir(join(out, 'labels'))).toHaveLength(1);
  const stepsOf = (method: string) => results.get(`${method}/wardrobe/seed-1`)?.training.steps as number;
  expect(stepsOf('plus')).toBeGreaterThan(stepsOf('limn'));
  expect(stepsOf('unjudged')).toBeGreaterThanOrEqual(stepsOf('plus'));
  const rounds = JSON.parse(await readFile(join(out, 'runs', 'plus', 'wardrobe', 'seed-1', 'rounds', 'result.json'), 'utf8'));
  expect(rounds.rounds[1].trainedOn.pseudo).toBeGreaterThan(0);
});

test('a wrong setting of the rounds is named before anything is trained', async () => {
  await expect(runIn('wrong', { methods: [{ id: 'limn', selfTraining: { round: 1 } }] })).rejects.toThrow(
    /method "limn", "selfTraining".*round/,
  );
});

test('captioners are measured by what they write for each pair', async () => {
  const changes = {
    task: 'caption',
    model: { width: 16, heads: 2, layers: 1, decoderLayers: 1 },
    methods: [{ id: 'both' }, { id: 'target', label: 'target alone', model: { sees: 'target' } }],
    metrics: ['CIDEr-D', 'ROUGE-L'],
  };
  const { experiment, runs, out, results } = await runIn('captions', changes);
  const result = results.get('both/wardrobe/seed-1');
  expect(result).toMatchObject({ ranks: '', examples: [], queries: expect.any(Number) });
  const summary = await writeReport({ experiment, runs, out, command: 'limn experiment run tiny.json' });
  const [row] = summary.tables[0]!.rows;
  expect(row?.metrics['ROUGE-L']?.mean).toBeCloseTo(result!.metrics['ROUGE-L']!, 10);
  expect(row?.curve.mean).toEqual([]);
  await expect(runIn('other', { ...changes, metrics: ['R@10'] })).rejects.toThrow(
    'asks for the metric "R@10", but captioners are measured by CIDEr-D and ROUGE-L',
  );
});
