/**
 * The examples do what docs/plugins.md shows them for: in a folder that has the packed package installed, an own method, store, dataset, protocol and
 * encoder train, evaluate, index and search, through the command line and through the library.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
let root: string;
let program: string;
const at = (...parts: string[]) => join(root, ...parts);

const colours: Record<string, string> = { red: '#d22', green: '#2b4', blue: '#24d', white: '#eee', black: '#222', gold: '#db3' };
const backgrounds = ['#a0a0a0', '#d0d0ff', '#605030'];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-examples-'));
  await writeFile(at('package.json'), '{ "private": true, "type": "module" }');
  await install();
  for (const file of await examples()) await copyFile(join(repository, 'examples', file), at(file));
  await mkdir(at('data'));
  const pairs: object[] = [];
  for (const [b, background] of backgrounds.entries()) {
    for (const [name, colour] of Object.entries(colours)) {
      const square = await sharp({ create: { width: 20, height: 20, channels: 3, background: colour } })
        .png()
        .toBuffer();
      await sharp({ create: { width: 32, height: 32, channels: 3, background } })
        .composite([{ input: square }])
        .png()
        .toFile(at('data', `${name}-${b}.png`));
      for (const other of Object.keys(colours).filter((one) => one !== name)) {
        pairs.push({ split: b < 2 ? 'train' : 'val', from: `${name}-${b}.png`, to: `${other}-${b}.png`, says: `in ${other}` });
      }
    }
  }
  await writeFile(at('data', 'pairs.json'), JSON.stringify(pairs));
  const plugins = ['./own-method.js', './own-dataset.js', './own-encoder.js', './own-store.js'];
  await writeFile(
    at('mine.json'),
    JSON.stringify({ plugins, train: { model: { textShare: 0.8 }, training: { validateEvery: 20, selectBy: 1 } } }),
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The files that are run here; those of folders are for pages. */
const examples = async () => (await readdir(join(repository, 'examples'))).filter((name) => name.endsWith('.js'));

/** What npm would install here: the files of the package, and what it needs, without its optional peers. */
async function install(): Promise<void> {
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], { cwd: repository });
  const [tarball] = (await readdir(root)).filter((file) => file.endsWith('.tgz'));
  await mkdir(at('node_modules', '@types'), { recursive: true });
  await run('tar', ['-xzf', at(tarball as string), '-C', at('node_modules')]);
  await rename(at('node_modules', 'package'), at('node_modules', 'limn'));
  program = at('node_modules', 'limn', 'dist', 'apps', 'cli', 'main.js');
  const { dependencies } = JSON.parse(await readFile(at('node_modules', 'limn', 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    await mkdir(join(at('node_modules', name), '..'), { recursive: true });
    await symlink(join(repository, 'node_modules', name), at('node_modules', name));
  }
}

/** Runs a program in the folder. @returns what it printed */
async function node(...words: string[]): Promise<string> {
  const env = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1' };
  return (await run(process.execPath, words, { cwd: root, env })).stdout;
}
const limn = (...words: string[]) => node(program, ...words);

/** The line of a command that must fail with a wrong call. */
async function complaint(...words: string[]): Promise<string> {
  const failure = await limn(...words).then(
    () => ({ code: 0, stderr: '' }),
    (error) => error as { code: number; stderr: string },
  );
  const lines = failure.stderr.split('\n').filter((line) => line.startsWith('limn: '));
  expect({ code: failure.code, lines: lines.length }, failure.stderr).toEqual({ code: 2, lines: 1 });
  return lines[0] as string;
}

const sizes = ['--width', '16', '--heads', '2', '--epochs', '40', '--batch-size', '20', '--lr', '0.01'];
const data = ['--dataset', 'pairs', '--data', 'data'];

describe('through the command line', () => {
  it('an own method learns an own dataset with an own encoder, and is measured by an own protocol', async () => {
    const parts = ['--method', 'text-gate', '--encoder', 'colour-grid', '--out', 'run'];
    const trained = JSON.parse(await limn('train', '--config', 'mine.json', ...parts, ...data, ...sizes, '--json'));
    // One of 6 is right by chance.
    expect(trained.bestRecall['1']).toBeGreaterThan(30);
    const config = JSON.parse(await readFile(at('run', 'model', 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      model: { method: 'text-gate', textShare: 0.8, width: 16 },
      encoder: { id: 'colour-grid-1', definition: 'colour-grid' },
    });
    expect(config.model).not.toHaveProperty('factors');
    const [step] = (await readFile(at('run', 'metrics.ndjson'), 'utf8')).split('\n');
    expect(step).toContain('"querySpread":');
    const measured = JSON.parse(
      await limn('evaluate', '--config', 'mine.json', '--model', 'run', ...data, '--split', 'val', '--json'),
    );
    expect(measured.protocol).toBe('pairs-with-reference');
    expect(measured.metrics['R@1']).toBeCloseTo(trained.bestRecall['1'], 5);
  });

  it('an own store holds its gallery', async () => {
    await limn('index', '--config', 'mine.json', '--model', 'run', '--images', 'data', '--out', 'json:gallery.json');
    const kept = JSON.parse(await readFile(at('gallery.json'), 'utf8'));
    expect(kept.items).toHaveLength(18);
    const asked = ['--image', 'data/red-2.png', '--text', 'in blue', '-k', '3', '--json'];
    const plugins = ['--plugin', './own-store.js', '--plugin', 'own-method.js', '--plugin=./own-encoder.js'];
    const { hits } = JSON.parse(await limn('search', ...plugins, '--gallery', 'json:gallery.json', ...asked));
    expect(hits).toHaveLength(3);
    expect(hits[0].id).toMatch(/^blue-/);
  });

  it('what is missing is named', async () => {
    const failed = async (...words: string[]) =>
      limn(...words).then(
        () => '',
        (error) => (error as { stderr: string }).stderr,
      );
    const asked = ['--gallery', 'json:gallery.json', '--image', 'data/red-2.png', '--text', 'in blue'];
    const store = ['--plugin', './own-store.js'];
    const method = ['--plugin', './own-method.js'];
    expect(await failed('search', ...store, ...asked)).toMatch(/^limn: .*the method "text-gate", .*--plugin/m);
    expect(await failed('search', ...store, ...method, ...asked)).toMatch(/^limn: .*the encoder "colour-grid", .*--plugin/m);
    const train = ['train', '--config', 'mine.json', '--out', 'none', '--encoder', 'colour-grid', '--batch-size', '20'];
    expect(await complaint(...train, '--method', 'text-gat', ...data)).toMatch(/Allowed choices are limn, .*text-gate/);
    expect(await complaint(...train, '--method', 'text-gate', '--layers', '2', ...data)).toMatch(
      /the method "text-gate" has no option "layers"/,
    );
    await writeFile(
      at('wrong.json'),
      JSON.stringify({ plugins: ['./own-method.js', './own-dataset.js'], train: { model: { textShar: 1 } } }),
    );
    expect(await complaint('train', '--config', 'wrong.json', '--method', 'text-gate', '--out', 'none', ...data)).toMatch(
      /"train\.model\.textShar"\. Did you mean "train\.model\.textShare"\?/,
    );
    const experiment = {
      ...{
        name: 'own',
        title: 'Own',
        plugins: ['./own-method.js', './own-dataset.js', './own-encoder.js'],
        protocol: 'pairs-with-reference',
      },
      ...{ dataset: { format: 'pairs', directory: 'data' }, images: { encoder: 'colour-grid' }, split: 'val' },
      methods: [{ id: 'gate', model: { method: 'text-gate', textShar: 1 } }],
    };
    await writeFile(at('experiment.json'), JSON.stringify(experiment));
    expect(await complaint('experiment', 'run', 'experiment.json')).toMatch(/"textShar"\. Did you mean "textShare"\?/);
  });

  it('bad plug-ins end in one line', async () => {
    const head = "import { defineMethod, inBatchLoss, z } from 'limn'; import { f, linear } from 'limn/engine';";
    const parts = 'sees: () => ({ image: true, text: true }), loss: inBatchLoss,';
    const unfit = `embedQuery: (c, { width }, p) => ({ matching: linear(c, 'x', p.global, width + 1) }), embedTarget: (c, o, p) => ({ matching: p.global }),`;
    const own = await readFile(at('own-method.js'), 'utf8');
    const cases: [string, string, RegExp][] = [
      ['empty', 'export const x = 1;', /empty\.js has no default export/],
      [
        'version',
        own
          .replace('export default', 'const part =')
          .concat(
            "export default Object.defineProperty({ id: 'x' }, Symbol.for('limn.part'), { value: { kind: 'method', contract: 2 } });",
          ),
        /made for version 2 .* this limn has version 1/,
      ],
      ['taken', own.replace("'text-gate'", "'tirg'"), /defines the method "tirg", an id that another part has/],
      [
        'twice',
        own
          .replace('export default defineMethod({', 'const part = () => defineMethod({')
          .concat('export default [part(), part()];'),
        /"text-gate", an id that another part of it has/,
      ],
      [
        'options',
        `${head} export default defineMethod({ id: 'x', options: { a: 1 }, ${parts} ${unfit} });`,
        /"options" of "x" must be a zod object/,
      ],
      [
        'unfit',
        `${head} export default defineMethod({ id: 'x', options: z.object({}), ${parts} ${unfit} });`,
        /The method "x" does not fit: embedQuery and embedTarget: queries have vectors of 17 numbers and targets of 16/,
      ],
    ];
    for (const [name, code, message] of cases) {
      await writeFile(at(`${name}.js`), code);
      const plugins = ['--plugin', './own-dataset.js', '--plugin', `./${name}.js`];
      const method = name === 'unfit' ? ['--method', 'x', '--image-size', '16'] : [];
      expect(await complaint('train', ...plugins, ...method, '--out', `run-${name}`, ...data, ...sizes), name).toMatch(message);
    }
  });
});

it('through the library, with definitions as objects', async () => {
  await writeFile(
    at('library.js'),
    `
import { evaluate, findDataset, findProtocol, Gallery, galleryInfo, RetrievalModel, ImageEncoderRuntime, train, usePlugin } from 'limn';
import { openStore } from 'limn/stores';
import parts from './own-dataset.js';
import encoder from './own-encoder.js';
import method from './own-method.js';
import store from './own-store.js';

usePlugin([...parts, encoder, store]);
const reader = await ImageEncoderRuntime.defined(encoder);
const [train_, val] = await Promise.all(['train', 'val'].map((split) => findDataset('pairs').read({ directory: 'data', split })));
const training = { epochs: 40, batchSize: 20, learningRate: 0.01, validateEvery: 20, selectBy: 1, protocol: 'pairs-with-reference' };
const model = { width: 16, heads: 2, textShare: 0.8 };
const trained = await train({ method, model, training, train: train_, val, reader, out: 'run-2', dataset: {} });
const opened = await RetrievalModel.open(trained.model);
const images = await reader.read({ images: val.images });
const { recall } = await evaluate({ model: opened, split: val, images, protocol: findProtocol('pairs-with-reference') });
const kept = await store.create('json:gallery-2.json', await galleryInfo({ model: opened, images: 'data' }), {});
const gallery = await Gallery.create({ model: opened, images: 'data', store: kept });
await gallery.close();
await kept.close();
const again = await Gallery.open(await openStore('json:gallery-2.json'), { model: opened });
const { hits } = await again.search({ references: [{ id: 'red-2.png' }], texts: ['in blue'], k: 3 });
console.log(JSON.stringify({ trained: trained.bestRecall, recall, ids: hits.map(({ id }) => id) }));
await images.close();
await again.close();
await opened.close();
await reader.close();
`,
  );
  const { trained, recall, ids } = JSON.parse(await node('library.js'));
  expect(recall['1']).toBeCloseTo(trained['1'], 5);
  expect(recall['1']).toBeGreaterThan(30);
  expect(ids).toHaveLength(3);
  expect(ids[0]).toMatch(/^blue-/);
});

it('a loss of its own finds the line among the outliers', async () => {
  const [, slope, offset] = /y = (\S+) x \+ (\S+)/.exec(await node('own-loss.js')) ?? [];
  expect(Number(slope)).toBeCloseTo(3, 0);
  expect(Number(offset)).toBeCloseTo(-2, 0);
});

it('the API answers inside an application of its own', async () => {
  const plugins =
    "import { loadPlugins } from 'limn'; await loadPlugins(['./own-method.js', './own-encoder.js', './own-store.js']);";
  await writeFile(at('application.js'), `${plugins} await import('./server-in-hono.js');`);
  const env = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1', PORT: '0' };
  const server = spawn(process.execPath, ['application.js', 'json:gallery.json'], { cwd: root, env });
  const ended = once(server, 'exit');
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const url = line.toString().trim();
    expect(await (await fetch(url)).text()).toContain('The shop');
    const body = JSON.stringify({ gallery: 'shirts', references: [{ id: 'red-2.png' }], texts: ['in blue'], k: 3 });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/search/v1/search`, { method: 'POST', headers, body });
    expect(((await answer.json()) as { hits: { id: string }[] }).hits[0]?.id).toMatch(/^blue-/);
  } finally {
    server.kill('SIGTERM');
    await ended;
  }
});

it('every entry point has its types, without the optional peers', async () => {
  const entries = ['limn', 'limn/client', 'limn/engine', 'limn/server', 'limn/stores', 'limn/testing'];
  const lines = entries.map((entry, i) => `import * as entry${i} from '${entry}';`);
  await writeFile(at('typed.ts'), `${lines.join('\n')}\nexport const entries = [${entries.map((_, i) => `entry${i}`)}];\n`);
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
  };
  await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [compiler, '-p', root]).catch((error) => error as { stdout: string });
  expect(stdout).toBe('');
});

it('are short, and what the documentation shows', async () => {
  const shown = await readFile(join(repository, 'docs', 'plugins.md'), 'utf8');
  for (const file of await examples()) {
    const code = await readFile(join(repository, 'examples', file), 'utf8');
    expect(code.split('\n').length, file).toBeLessThanOrEqual(67);
    expect(shown, file).toContain(code.trim());
  }
});
