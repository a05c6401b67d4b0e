/**
 * No command and no library call writes outside LIMN_HOME, its outputs and a temporary folder that it empties: each runs with a home, a
 * temporary folder and a working folder of its own, and what they hold is compared before and after.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clipSizes, writeRandomClip } from './support/clip/random-clip.js';

const repository = resolve(import.meta.dirname, '..');
const program = join(repository, 'dist/apps/cli/main.js');
const made = join(import.meta.dirname, 'fixtures/made-by-0.1.0');
let root: string;
const at = (...parts: string[]) => join(root, ...parts);
/** The processes that ran, and the first words of their commands. */
const processes = new Set<number | undefined>();
const ran = new Set<string>();
const startedAt = Date.now();

/** Files, links and folders with their sizes and the times of their last change. */
async function listing(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const { size, mtimeMs } = await stat(join(folder, name)).catch(() => ({ size: -1, mtimeMs: -1 }));
    found[name] = `${size} ${mtimeMs}`;
  }
  return found;
}

/** What ONNX Runtime's telemetry leaves in the temporary folder of all, which it does not take from TMPDIR everywhere. */
async function telemetry(): Promise<string[]> {
  const names = [...processes].map((id) => `mat-debug-${id}.log`);
  const times = await Promise.all(names.map((name) => stat(join('/tmp', name)).catch(() => undefined)));
  // An older file is of a process that had the same id before.
  return names.filter((_, i) => (times[i]?.mtimeMs ?? 0) >= startedAt);
}

/** The folders that must stay as they are. */
const untouched = async () => ({ home: await listing(at('home')), inputs: await listing(at('inputs')) });

interface Options {
  /** What may be new in the working folder. */
  outputs?: string[];
  code?: number;
  /** Ends it as Ctrl-C does, as soon as this is printed. */
  stopAt?: RegExp;
  env?: Record<string, string>;
}

/** Runs a program of Node.js and compares all that it could have written to. */
async function watched(words: string[], { outputs = [], code = 0, stopAt, env = {} }: Options = {}): Promise<string> {
  const before = { ...(await untouched()), work: Object.keys(await listing(at('work'))) };
  // ORT_DISABLE_TELEMETRY is not inherited: limn has to set it by itself.
  const given = { PATH: process.env.PATH, HOME: at('home'), TMPDIR: at('tmp'), LIMN_HOME: at('limn'), LIMN_THREADS: '1' };
  const child = spawn(process.execPath, words, { cwd: at('work'), env: { ...given, ...env } });
  processes.add(child.pid);
  let out = '';
  let all = '';
  let stopped = false;
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      all += chunk;
      if (!stopped && stopAt?.test(all)) stopped = child.kill('SIGINT');
    });
  const [ended] = await once(child, 'close');
  expect(ended, all).toBe(code);
  const { work, ...rest } = before;
  expect(await untouched()).toEqual(rest);
  expect(Object.keys(await listing(at('tmp')))).toEqual([]);
  const now = Object.keys(await listing(at('work'))).filter((name) => !work.includes(name));
  expect(now.filter((name) => !outputs.some((output) => name === output || name.startsWith(`${output}/`)))).toEqual([]);
  for (const output of outputs) expect(await stat(at('work', output)), output).toBeDefined();
  return out;
}

const limn = (words: string[], options?: Options) => {
  ran.add(words[0] as string);
  return watched([program, ...words], options);
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-writes-'));
  for (const folder of ['home', 'tmp', 'work', 'limn']) await mkdir(at(folder));
  await cp(made, at('inputs'), { recursive: true });
  await writeRandomClip(at('inputs', 'clip'), clipSizes.tiny);
  const model = { width: 16, heads: 2, layers: 1 };
  await writeFile(
    at('inputs', 'plus.json'),
    JSON.stringify({
      'self-train': {
        selfTraining: {
          rounds: 1,
          pairs: { reversed: 4, twoHop: 2, sharedReference: 2, sharedTarget: 2, neighbours: { count: 4, high: 1 } },
          judge: { repeats: true },
          captionerFloor: 0,
          gallerySample: 10,
          others: 2,
          limn: { model: { ...model, factors: 2, projection: 8 }, training: { epochs: 1, batchSize: 16 } },
          captioner: { model, training: { epochs: 1, batchSize: 16 } },
        },
      },
    }),
  );
  await writeFile(
    at('inputs', 'experiment.json'),
    JSON.stringify({
      name: 'tiny',
      title: 'Tiny',
      dataset: { format: 'fashioniq', directory: at('inputs', 'data'), category: 'wardrobe' },
      images: { encoder: 'patch', imageSize: 32, patchSize: 16, patchLayers: 0 },
      protocol: 'fashioniq-val',
      model: { ...model, factors: 2, projection: 8 },
      training: { epochs: 1, batchSize: 16 },
      methods: [{ id: 'limn' }],
      seeds: [1],
      metrics: ['R@1'],
      examples: 1,
    }),
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

const inputs = (...parts: string[]) => at('inputs', ...parts);
const dataOf = () => ['--dataset', 'fashioniq', '--data', inputs('data'), '--category', 'wardrobe'];
const patches = ['--image-size', '32', '--patch-size', '16', '--patch-layers', '0'];
const tiny = [...patches, '--epochs', '1', '--batch-size', '16', '--width', '16', '--heads', '2', '--layers', '1'];

it('commands that train and measure', { timeout: 300_000 }, async () => {
  await limn(['train', ...dataOf(), ...tiny, '--factors', '2', '--out', 'run'], { outputs: ['run'] });
  await limn(['train', '--task', 'caption', ...dataOf(), ...tiny, '--out', 'captioner'], { outputs: ['captioner'] });
  await limn(['evaluate', '--model', 'run', ...dataOf(), '--split', 'val', '--protocol', 'fashioniq-val', '--json']);
  await limn(['evaluate', '--task', 'caption', '--model', 'captioner', ...dataOf(), '--split', 'val', '--json']);
  await limn(['self-train', '--config', inputs('plus.json'), ...dataOf(), ...patches, '--out', 'plus'], { outputs: ['plus'] });
  await limn(['experiment', 'run', inputs('experiment.json'), '--out', 'results'], { outputs: ['results'] });
  await limn(['data', 'check', ...dataOf()]);
  // Its trainings are those of "train".
  await limn(['demo'], { stopAt: /draw the wardrobe \d/, code: 130 });
});

it('commands that make, search and serve galleries', { timeout: 300_000 }, async () => {
  const index = ['index', '--model', inputs('whole'), '--images', inputs('data', 'images')];
  await limn([...index, '--out', 'memory'], { outputs: ['memory'] });
  await limn([...index, '--store', 'lancedb:lance?gallery=a', '--json'], { outputs: ['lance'] });
  const search = ['search', '--gallery', 'memory', '--image', inputs('data', 'images', 'w00001.jpg')];
  await limn([...search, '--text', 'is red', '--html', 'page.html'], { outputs: ['page.html'] });
  await limn([
    'search',
    '--gallery',
    'lancedb:lance?gallery=a',
    '--image',
    inputs('data', 'images', 'w00002.jpg'),
    '--text',
    'is red',
  ]);
  // Telemetry's regular expression overflows the stack on a command line of this length.
  await limn([...search, '--text', 'word '.repeat(3_000)]);
  await limn(['gallery', 'check', 'memory']);
  await limn(['export', '--static', 'site', '--gallery', 'memory'], { outputs: ['site'] });
  const images = ['--reference', inputs('data', 'images', 'w00001.jpg'), '--target', inputs('data', 'images', 'w00002.jpg')];
  await limn(['caption', '--model', inputs('captioner'), ...images]);
  await limn(['serve', 'keys', 'add', '--file', 'keys.json', '--scope', 'read', '--note', 'a'], { outputs: ['keys.json'] });
  const serve = ['serve', '--gallery', 'memory', '--port', '0'];
  await limn(serve, { stopAt: /^limn serve: http/m, code: 0 });
  await limn([...serve, '--keep-choices', 'chosen'], { stopAt: /^limn serve: http/m, code: 0, outputs: ['chosen'] });
  await limn(['choices', 'chosen', '--delete-all']);
  await limn(['worker', '--queue', 'redis://127.0.0.1:1', '--gallery', 'memory'], { code: 1 });
});

it('other commands, and all that there are', { timeout: 120_000 }, async () => {
  await limn(['encoders', 'import', inputs('clip'), '--name', 'mine']);
  await limn(['encoders', 'list']);
  await limn(['encoders', 'check', 'mine']);
  await limn(['zero-shot', '--encoder', 'mine', '--out', 'zero'], { outputs: ['zero'] });
  await limn(['doctor']);
  await limn(['completion', 'bash']);
  await limn(['train', '--data', 'nowhere', '--out', 'never'], { code: 1 });
  await limn(['learn', '--list', 'nowhere.csv', '--images', 'nowhere', '--out', 'never'], { code: 1 });
  const help = await limn(['help']);
  // Options stand before the first group.
  const commands = [...help.split('Try:')[1]!.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(10);
  expect([...ran].sort()).toEqual(commands.sort());
});

it('the library, in the main thread and in a thread of its own', { timeout: 120_000 }, async () => {
  const source = `
const { RetrievalModel, Gallery } = await import(${JSON.stringify(pathToFileURL(join(repository, 'dist/index.js')).href)});
const model = await RetrievalModel.open(${JSON.stringify(inputs('whole'))});
const gallery = await Gallery.create({ model, images: ${JSON.stringify(inputs('data', 'images'))}, out: OUT });
const answer = await gallery.search({ references: [{ id: 'w00001.jpg' }], texts: ['is red'], k: 3 });
console.log(answer.hits?.length ?? answer.length);
await gallery.thumbnail('w00001.jpg');
await gallery.close();
await model.close();
`;
  const worker = (code: string) =>
    `import { Worker } from 'node:worker_threads';
new Worker(new URL('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(code))})).on('error', (error) => { throw error; });`;
  await writeFile(at('inputs', 'main.mjs'), source.replace('OUT', '"by-main"'));
  await writeFile(at('inputs', 'worker.mjs'), worker(source.replace('OUT', '"by-worker"')));
  expect(await watched([inputs('main.mjs')], { outputs: ['by-main'] })).toBe('3\n');
  expect(await watched([inputs('worker.mjs')], { outputs: ['by-worker'] })).toBe('3\n');
});

it('notices what is written elsewhere', { timeout: 60_000 }, async () => {
  for (const path of ['home/x', 'tmp/x', 'work/x', 'inputs/x']) {
    const writes = `require('node:fs').writeFileSync(${JSON.stringify(at(path))}, '')`;
    await expect(watched(['-e', writes]), path).rejects.toThrow();
    await rm(at(path));
  }
});

it('LIMN_HOME holds what limn says that it holds, and telemetry left nothing', async () => {
  const kept = await readdir(at('limn'));
  expect(kept).toContain('encoders');
  expect((await readFile(at('work', 'keys.json'), 'utf8')).length).toBeGreaterThan(0);
  expect(JSON.stringify(await listing(root))).not.toContain('DeveloperTools');
  expect(await telemetry()).toEqual([]);
});
