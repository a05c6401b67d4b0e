/** `limn experiment run` as a person meets it: stopped with Ctrl-C, started twice at once, called wrongly. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
let root: string;

interface Ended {
  code: number | null;
  out: string;
  error: string;
}

/** @param stopAt Ctrl-C as soon as stderr matches */
function limn(words: string[], stopAt?: RegExp): Promise<Ended> {
  const env = { ...process.env, LIMN_HOME: join(root, 'home'), LIMN_THREADS: '1', MY_DATA: join(root, 'wardrobe') };
  const running = spawn(process.execPath, [program, 'experiment', 'run', ...words], { env, cwd: root });
  let stopped = false;
  const ended: Ended = { code: null, out: '', error: '' };
  running.stdout.on('data', (chunk) => {
    ended.out += chunk;
  });
  running.stderr.on('data', (chunk) => {
    ended.error += chunk;
    if (!stopped && stopAt?.test(ended.error)) stopped = running.kill('SIGINT');
  });
  return new Promise((done) => running.on('close', (code) => done({ ...ended, code })));
}

const experiment = {
  name: 'tiny',
  title: 'Tiny',
  dataset: { format: 'fashioniq', directory: '$MY_DATA', category: 'wardrobe' },
  images: { encoder: 'patch', imageSize: 32, patchSize: 16, patchLayers: 0 },
  protocol: 'fashioniq-val',
  model: { width: 16, heads: 2, factors: 2, layers: 1, projection: 8 },
  training: { epochs: 6, batchSize: 16 },
  methods: [{ id: 'limn' }, { id: 'tirg', model: { method: 'tirg' } }],
  seeds: [1, 2],
  metrics: ['R@1', 'R@10'],
  examples: 1,
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-cli-experiment-'));
  await generateSyntheticFashion({ directory: join(root, 'wardrobe'), images: 80, size: 32 });
  await writeFile(join(root, 'tiny.json'), JSON.stringify(experiment));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('limn experiment run', () => {
  it('stops at Ctrl-C with a checkpoint, goes on, and reports', async () => {
    const stopped = await limn(['tiny.json'], /limn\/wardrobe\/seed-1\): train \d/);
    expect(stopped.code, stopped.error).toBe(130);
    expect(stopped.error).toMatch(
      /^limn: Interrupted in run 1 of 4 \(limn\/wardrobe\/seed-1\)\. Run the same command to resume\.$/m,
    );
    const folder = join(root, 'runs', 'tiny', 'runs', 'limn', 'wardrobe', 'seed-1');
    expect((await readdir(folder)).sort()).toEqual(expect.arrayContaining(['checkpoints', 'config.json', 'run.json']));
    expect(await readdir(folder)).not.toContain('lock');

    const ended = await limn(['tiny.json', '--docs', 'results.md']);
    expect(ended.code, ended.error).toBe(0);
    expect(ended.out).toMatch(/^\| limn \| .* \| – \| – \|$/m);
    expect(ended.out.trimEnd().split('\n').at(-1)).toBe('runs/tiny/report.html');
    expect(await readFile(join(root, 'results.md'), 'utf8')).toContain('limn experiment run tiny.json --docs results.md');
  });

  it('shares the runs when it is started twice, and the last to end reports all', async () => {
    const both = await Promise.all([limn(['tiny.json', '--out', 'shared']), limn(['tiny.json', '--out', 'shared'])]);
    for (const { code, error } of both) expect(code, error).toBe(0);
    const trained = both.map(({ error }) => new Set(error.match(/(?<=\()[\w/-]+(?=\): train \d)/g)));
    expect([...trained[0]!, ...trained[1]!].sort()).toEqual([
      'limn/wardrobe/seed-1',
      'limn/wardrobe/seed-2',
      'tirg/wardrobe/seed-1',
      'tirg/wardrobe/seed-2',
    ]);
    const summary = JSON.parse(await readFile(join(root, 'shared', 'results.json'), 'utf8'));
    expect(summary.unfinished).toEqual([]);
  });

  it('reports without training, also what is missing', async () => {
    const { code, out, error } = await limn(['tiny.json', '--out', 'nothing', '--report-only']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain('4 of 4 runs are not done');
    expect(out).toContain('No run is done yet.');
  });

  it.each([
    [['tiny.json', '--only', 'trig'], 'The experiment has no method "trig". Did you mean "tirg"?'],
    [['tiny.json', '--seeds', '1.5'], '--seeds takes whole numbers'],
    [['tiny.json', '--report'], "unknown option '--report'"],
    [['absent.json'], 'Cannot read an experiment at absent.json'],
    [[], "missing required argument 'file'"],
  ])('%j is a wrong call', async (words, expected) => {
    const { code, out, error } = await limn(words);
    expect({ code, out, lines: error.trimEnd().split('\n').length }, error).toEqual({ code: 2, out: '', lines: 1 });
    expect(error).toContain(expected);
  });
});
