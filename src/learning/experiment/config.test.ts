import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseExperiment, readExperiment, settingsOf } from './config.js';
import { planRuns, selectRuns } from './plan.js';

const minimal = {
  name: 'mine',
  title: 'Mine',
  dataset: { format: 'fashioniq', directory: 'data', category: ['dress', 'shirt'] },
  images: { encoder: 'patch' },
  protocol: 'fashioniq-val',
  methods: [{ id: 'limn' }, { id: 'one', model: { factors: 1 } }],
};
const parse = (changes: object = {}) => parseExperiment({ ...minimal, ...changes }, '/home/me/mine.json');

afterEach(() => vi.unstubAllEnvs());

test('defaults, and paths relative to the file', () => {
  const experiment = parse();
  expect(experiment).toMatchObject({ seeds: [1, 2, 3], compareTo: 'limn', metrics: ['R@1', 'R@10', 'R@50'], split: 'val' });
  expect(experiment.dataset).toEqual({ format: 'fashioniq', directory: '/home/me/data', onMissing: 'error' });
  expect(experiment.categories).toEqual(['dress', 'shirt']);
  expect(experiment.methods[1]).toMatchObject({ id: 'one', label: 'one' });
});

test('environment variables in paths, and the name of one that is not set', () => {
  vi.stubEnv('MY_DATA', '/data');
  vi.stubEnv('NOT_SET', '');
  const captions = ['$MY_DATA/{category}.json', 'b.json'];
  const { images, dataset } = parse({ images: { captions } });
  expect(images).toEqual({ captions: ['/data/{category}.json', '/home/me/b.json'] });
  expect(dataset.onMissing).toBe('ignore');
  expect(() => parse({ dataset: { ...minimal.dataset, directory: '$NOT_SET/x' } })).toThrow(
    '/home/me/mine.json needs the environment variable NOT_SET, which is not set',
  );
});

test("a method's settings go over the shared ones, weights key by key", () => {
  const experiment = parse({
    model: { width: 64, weights: { factors: 0.5, factorOrthogonality: 2 } },
    training: { epochs: 3 },
    methods: [{ id: 'a', model: { width: 32, weights: { factorOrthogonality: 0 } }, training: { batchSize: 16 } }],
  });
  expect(settingsOf(experiment, experiment.methods[0]!)).toEqual({
    model: { width: 32, weights: { factors: 0.5, factorOrthogonality: 0 } },
    training: { protocol: 'fashioniq-val', epochs: 3, batchSize: 16 },
  });
});

test('another dataset to learn from: its own protocol chooses epochs, and runs that learn from it are others', () => {
  const trainOn = { format: 'triplets', directory: 'made/{category}' };
  const experiment = parse({ trainOn });
  expect(experiment.trainOn).toEqual({ format: 'triplets', directory: '/home/me/made/{category}' });
  expect(settingsOf(experiment, experiment.methods[0]!).training).toEqual({ protocol: 'triplets' });
  const hashes = (changes: object) => planRuns(parse(changes), 'out').map(({ hash }) => hash);
  expect(hashes({ trainOn })[0]).not.toBe(hashes({ training: { protocol: 'triplets' } })[0]);
  expect(hashes({ trainOn: { ...trainOn, directory: 'moved' } })).toEqual(hashes({ trainOn }));
  expect(() => parse({ trainOn: { format: 'triplets' } })).toThrow('is wrong at "trainOn.directory"');
});

test('a run a seed, method and category, whose hash is of its settings alone', () => {
  const runs = planRuns(parse(), 'out');
  expect(runs).toHaveLength(12);
  expect(runs.slice(0, 3).map(({ id }) => id)).toEqual(['limn/dress/seed-1', 'limn/shirt/seed-1', 'one/dress/seed-1']);
  expect(runs[0]?.folder).toBe(join('out', 'runs', 'limn/dress/seed-1'));
  expect(new Set(runs.map(({ hash }) => hash)).size).toBe(12);
  const hashes = (changes: object) => planRuns(parse(changes), 'elsewhere').map(({ hash }) => hash);
  const before = runs.map(({ hash }) => hash);
  expect(hashes({ title: 'Other', metrics: ['R@5'], dataset: { ...minimal.dataset, directory: 'moved' } })).toEqual(before);
  expect(hashes({ methods: [...minimal.methods].map((method) => ({ label: 'x', ...method })) })).toEqual(before);
  expect(hashes({ model: { width: 32 } })[0]).not.toBe(before[0]);
  expect(hashes({ protocol: 'fashioniq-original' })[0]).not.toBe(before[0]);
  const selected = selectRuns(planRuns(parse(), 'out', [7]), { only: ['one'], seeds: [7] });
  expect(selected.map(({ id }) => id)).toEqual(['one/dress/seed-7', 'one/shirt/seed-7']);
  expect(() => selectRuns(runs, { only: ['limm'] })).toThrow('no method "limm". Did you mean "limn"?');
});

describe('one line for every mistake', () => {
  test.each([
    [{ protocl: 'x' }, 'has an unknown key "protocl". Did you mean "protocol"?'],
    [{ dataset: { ...minimal.dataset, catgory: 'x' } }, 'unknown key "dataset.catgory". Did you mean "category"?'],
    [{ methods: [{ id: 'a', modl: {} }] }, 'unknown key "methods.0.modl". Did you mean "model"?'],
    [{ images: { encodr: 'patch' } }, 'unknown key "images.encodr". Did you mean "encoder"?'],
    [{ images: { encoder: 'patch', trainFrom: 0 } }, 'is wrong at "images.trainFrom": it chooses the blocks of an encoder'],
    [{ methods: [] }, 'is wrong at "methods"'],
    [{ methods: [{ id: 'a' }, { id: 'a' }] }, 'two methods with the id "a"'],
    [{ methods: [{ id: '../a' }] }, 'is wrong at "methods.0.id": use letters, digits'],
    [{ seeds: [1, 1] }, 'a seed is named twice'],
    [{ seeds: [0.5] }, 'is wrong at "seeds.0"'],
    [{ compareTo: 'lim' }, 'compares to "lim", which is not one of its methods. Did you mean "limn"?'],
    [{ title: undefined }, 'is wrong at "title"'],
  ])('%j', (changes, expected) => {
    let message = '';
    try {
      parse(changes);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(expected);
    expect(message).toMatch(/^\/home\/me\/mine\.json .*$/);
  });

  test('a file that is not there, or no JSON', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limn-experiment-'));
    const file = join(folder, 'e.json');
    await expect(readExperiment(file)).rejects.toThrow(`Cannot read an experiment at ${file}`);
    await writeFile(file, '{');
    await expect(readExperiment(file)).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('is not valid JSON'),
    });
    await rm(folder, { recursive: true });
  });
});
