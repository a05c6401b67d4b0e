/** The built command line as a person meets it: exit codes, one line of advice for every mistake, nothing damaged. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
let root: string;
const at = (...parts: string[]) => join(root, ...parts);

interface Ended {
  code: number;
  out: string;
  error: string;
}

function limn(words: string[], options: { env?: Record<string, string>; cwd?: string } = {}): Promise<Ended> {
  const env = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1', ...options.env };
  return new Promise((done) => {
    execFile(process.execPath, [program, ...words], { env, cwd: options.cwd ?? root }, (failure, out, error) => {
      done({ code: failure ? Number(failure.code) : 0, out, error });
    });
  });
}

/** The line of a command that must fail, without progress lines. */
async function complaint(words: string[], code: number, options: Parameters<typeof limn>[1] = {}): Promise<string> {
  const ended = await limn(words, options);
  const lines = ended.error.split('\n').filter((line) => line.startsWith('limn: '));
  expect({ code: ended.code, lines: lines.length, out: ended.out }, ended.error).toEqual({ code, lines: 1, out: '' });
  expect(ended.error).not.toMatch(/^\s+at /m);
  return lines[0] as string;
}

/** Without any GPU, wherever the Vulkan loader says which there are. */
const noGpu = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };

const contentOf = async (folder: string) => {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Promise.all(paths.map(async (path) => [path, await readFile(path, 'base64')]));
};

const trainWords = (data: string, out: string, ...more: string[]) => [
  ...['train', '--data', data, '--out', out, '--epochs', '2', '--batch-size', '32', '--width', '16', '--heads', '2'],
  ...['--factors', '2', '--layers', '1', '--image-size', '32', '--patch-size', '16', '--patch-layers', '0', ...more],
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-cli-'));
  await mkdir(at('pictures'));
  for (let i = 0; i < 8; i++) {
    const background = { r: i * 30, g: 255 - i * 30, b: 90 };
    await sharp({ create: { width: 64, height: 48, channels: 3, background } })
      .jpeg()
      .toFile(at('pictures', `${i}.jpg`));
  }
  await saveTinyModel(at('model'));
  // A small dataset with the wardrobe's texts and one-coloured pictures.
  const plan = planSyntheticFashion(60, 1);
  for (const [path, value] of plan.files) {
    await mkdir(join(at('data'), path, '..'), { recursive: true });
    await writeFile(join(at('data'), path), JSON.stringify(value));
  }
  await mkdir(at('data', 'images'));
  for (const { id } of [...plan.splits.train.images, ...plan.splits.val.images]) {
    await cp(at('pictures', `${Number(id.slice(1)) % 8}.jpg`), at('data', 'images', `${id}.jpg`));
  }
  const indexed = await limn(['index', '--model', 'model', '--images', 'pictures', '--out', 'gallery']);
  expect(indexed, indexed.error).toMatchObject({ code: 0, out: 'gallery: 8 pictures\n' });
  const trained = await limn(trainWords('data', 'run'));
  expect(trained.code, trained.error).toBe(0);
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe('limn', () => {
  it('prints its version and its help', async () => {
    const { version } = JSON.parse(await readFile(resolve(import.meta.dirname, '../package.json'), 'utf8'));
    expect(await limn(['--version'])).toEqual({ code: 0, out: `${version}\n`, error: '' });
    expect(await limn(['search', '--help'])).toMatchObject({ code: 0, error: '' });
  });

  it('searches a gallery, as lines, as JSON and as a page', async () => {
    const words = ['search', '--gallery', 'gallery', '--image', 'pictures/3.jpg', '--text', 'in <red>'];
    const plain = await limn([...words, '-k', '3']);
    expect(plain.code, plain.error).toBe(0);
    expect(plain.out).toMatch(/^( {2}[123] {2}-?\d\.\d{4} {2}.*pictures\/\d\.jpg\n){3}$/);
    const json = await limn([...words, '--json', '--html', 'page.html']);
    const { hits } = JSON.parse(json.out);
    expect(hits).toHaveLength(7);
    expect(Object.keys(hits[0])).toEqual(['id', 'path', 'rank', 'score', 'matching', 'factors', 'negative', 'metadata']);
    const page = await readFile(at('page.html'), 'utf8');
    expect(page.match(/src="data:image\/webp;base64,/g)).toHaveLength(8);
    expect(page).toContain('in &lt;red&gt;');
    expect(page).not.toMatch(/(src|href)="http/);
  });

  it('evaluates a run under a named protocol', async () => {
    const { out, code } = await limn(['evaluate', '--model', 'run', '--data', 'data', '--protocol', 'fashioniq-val', '--json']);
    const report = JSON.parse(out);
    expect(code).toBe(0);
    expect(report).toMatchObject({ protocol: 'fashioniq-val', split: 'val', missing: 0, dataset: { category: 'wardrobe' } });
    expect(Object.keys(report.recall)).toEqual(['1', '10', '50']);
    expect(report.command).toMatch(/^limn evaluate --model run/);
  });

  it('finds nothing broken here', async () => {
    const { code, out } = await limn(['doctor']);
    expect(out).toMatch(/^ok +onnxruntime +\d+\.\d+\.\d+, runs a graph$/m);
    expect(code).toBe(0);
    const bad = await limn(['doctor'], { env: { LIMN_HOME: at('pictures', '0.jpg') } });
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/^broken +LIMN_HOME .*set LIMN_HOME to a folder that you can write to/m);
  });
});

describe('settings', () => {
  const words = ['search', '--gallery', 'gallery', '--image', 'pictures/3.jpg', '--text', 'in red'];
  const count = async (more: string[], options: { env?: Record<string, string>; cwd?: string } = {}) =>
    (await limn([...words, ...more], options)).out.split('\n').length - 1;

  it('come from flags, then the environment, then --config, then limn.config.json', async () => {
    await writeFile(at('limn.config.json'), JSON.stringify({ search: { k: 2 } }));
    await writeFile(at('mine.json'), JSON.stringify({ search: { k: 3 }, train: { model: { width: 8 } } }));
    expect(await count([])).toBe(2);
    expect(await count(['--config', 'mine.json'])).toBe(3);
    expect(await count(['--config', 'mine.json'], { env: { LIMN_K: '4' } })).toBe(4);
    expect(await count(['--config', 'mine.json', '-k', '5'], { env: { LIMN_K: '4' } })).toBe(5);
    await rm(at('limn.config.json'));
  });

  it('are refused with the likely name when a key is unknown or a value is wrong', async () => {
    const withConfig = async (config: unknown, command = words) => {
      await writeFile(at('bad.json'), typeof config === 'string' ? config : JSON.stringify(config));
      return complaint([...command, '--config', 'bad.json'], 2);
    };
    expect(await withConfig({ search: { galery: 'x' } })).toContain(
      'unknown key "search.galery". Did you mean "search.gallery"?',
    );
    expect(await withConfig({ serch: {} })).toContain('Did you mean "search"?');
    expect(await withConfig({ search: { k: 'many' } })).toContain(
      '"search.k" in bad.json cannot be "many". Give a whole number from 1.',
    );
    expect(await withConfig('{')).toContain('bad.json is not valid JSON');
    const training = { train: { training: { learningRat: 1 } } };
    expect(await withConfig(training, trainWords('data', 'never'))).toContain('Did you mean "train.training.learningRate"?');
    expect(await complaint(words, 2, { env: { LIMN_K: 'x' } })).toContain('LIMN_K cannot be "x"');
  });

  it('name a device in every way, and no other than those that there are', async () => {
    const advice = 'There is no device "gpu": give "cpu", or "webgpu" for any GPU.';
    expect(await complaint([...words, '--device', 'gpu'], 2)).toContain(advice);
    expect(await complaint(words, 2, { env: { LIMN_DEVICE: 'gpu' } })).toContain(`LIMN_DEVICE cannot be "gpu". ${advice}`);
    await writeFile(at('bad.json'), JSON.stringify({ search: { device: 'gpu' } }));
    expect(await complaint([...words, '--config', 'bad.json'], 2)).toContain(
      `"search.device" in bad.json cannot be "gpu". ${advice}`,
    );
    expect(await count(['--device', 'cpu', '-k', '2'], { env: { LIMN_DEVICE: 'webgpu', ...noGpu } })).toBe(2);
  });

  it.runIf(process.platform === 'linux')('ask for a GPU that is not there: nothing is computed or written', async () => {
    const device = ['--device', 'webgpu'];
    // Lines before it are the Vulkan loader's own.
    const last =
      /^limn: No GPU can be used \(.+\)\. Install the Vulkan loader .+ or compute on the CPU, without --device webgpu/m;
    const expected = { code: 1, out: '', error: expect.stringMatching(last) };
    expect(await limn([...trainWords('data', 'no-gpu'), ...device], { env: noGpu })).toMatchObject(expected);
    expect(existsSync(at('no-gpu'))).toBe(false);
    expect(await limn(words, { env: { LIMN_DEVICE: 'webgpu', ...noGpu } })).toMatchObject(expected);
    const doctor = (more: string[]) => limn(['doctor', ...more], { env: noGpu });
    expect(await doctor([])).toMatchObject({ code: 0, out: expect.stringMatching(/^note +webgpu +No GPU can be used/m) });
    expect(await doctor(device)).toMatchObject({ code: 1, out: expect.stringMatching(/^broken +webgpu +No GPU can be used/m) });
  });

  it('reach commands that belong to another by both names', async () => {
    await writeFile(at('nested.json'), JSON.stringify({ 'data check': { dataset: 'shoes' } }));
    const checked = await limn(['data', 'check', '--data', 'pictures', '--config', 'nested.json']);
    expect(checked.out).toContain('relative_captions_shoes.json');
    await writeFile(at('nested.json'), JSON.stringify({ check: {} }));
    const refused = await complaint(['data', 'check', '--data', 'pictures', '--config', 'nested.json'], 2);
    expect(refused).toContain('unknown key "check"');
  });
});

describe('a wrong call', () => {
  it.each([
    [['train', '--epoch', '3'], "unknown option '--epoch' (Did you mean --epochs?)"],
    [['serch'], "unknown command 'serch' (Did you mean search?)"],
    [['train', '--epochs', '0'], 'Give a whole number from 1.'],
    [['search', 'too', 'much'], 'too many arguments'],
    [['train', '--out', 'never'], 'limn train needs --data. For a first try without any data'],
    [['search', '--image', 'pictures/1.jpg', '--text', 'red'], 'limn search needs --gallery. Make one with "limn index".'],
    [['evaluate', '--model', 'model', '--data', 'data', '--protocol', 'mine'], 'choose one of fashioniq-val, '],
    [
      ['evaluate', '--model', 'model', '--data', 'data', '--category', 'hats'],
      'There is no category "hats" in data; found: wardrobe.',
    ],
    [['train', '--data', 'data', '--out', 'never', '--train-from', '1'], '"patch" is always trained as a whole: leave it out'],
    [['train', '--data', 'data', '--out', 'never', '--encoder', 'mobilnetv2'], 'Did you mean "mobilenetv2"?'],
    [['search', '--gallery', 'gallery', '--image', 'pictures/1.jpg', '--text', '!'], 'has no words: say what to change'],
    [['search', '--gallery', 'gallery', '--image', 'pictures/1.jpg', '--text', 'red', '-k', '1001'], 'limn ranks only 1000'],
    [['search', '--gallery', 'gallery', '--filter', 'colour ='], 'There is nothing to search for'],
    [['search', '--gallery', 'gallery', '--text', 'red', '--filter', 'colour ='], 'filter'],
    [['index', '--model', 'model', '--out', 'gallery'], 'limn index needs --images or --list'],
  ])('limn %s', async (words, expected) => {
    expect(await complaint(words, 2)).toContain(expected);
  });
});

describe('bad data', () => {
  /** Indexing this folder must fail with `expected`, and leave the gallery that is there. */
  const refused = async (images: string, expected: RegExp) => {
    const before = await contentOf(at('gallery'));
    const out = `gallery-of-${images}`;
    expect(await complaint(['index', '--model', 'model', '--images', images, '--out', out], 1)).toMatch(expected);
    const again = await complaint(['index', '--model', 'model', '--images', images, '--out', 'gallery'], 1);
    expect(again).toMatch(existsSync(at(images)) && images !== 'empty' ? /has its pictures in .*pictures, not in/ : expected);
    expect(await contentOf(at('gallery'))).toEqual(before);
  };

  it('a folder that is empty or absent', async () => {
    await mkdir(at('empty'));
    await refused('empty', /The folder empty has no pictures .*give a folder that has some/);
    await refused('absent', /The folder absent does not exist: give a folder of pictures/);
  });

  it('a text named .jpg, a truncated JPEG and a picture 40,000 pixels wide; or they are skipped and listed', async () => {
    for (const name of ['text', 'short', 'wide']) await cp(at('pictures'), at(name), { recursive: true });
    await writeFile(at('text', 'note.jpg'), 'this is a text');
    const noise = {
      width: 256,
      height: 256,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    } as const;
    await sharp({ create: noise }).jpeg().toFile(at('short', 'cut.jpg'));
    await truncate(at('short', 'cut.jpg'), 9000);
    const wide = { width: 40_000, height: 10, channels: 3, background: 'red' } as const;
    await sharp({ create: wide }).jpeg().toFile(at('wide', 'wide.jpg'));
    await refused('text', /note\.jpg is not a picture that limn can read\. Replace it or take it out\./);
    await refused('short', /cut\.jpg is damaged or cut short/);
    await refused('wide', /wide\.jpg is 40000 x 10 pixels, more than the limit/);
    const words = ['index', '--model', 'model', '--images', 'text', '--out', 'partial', '--skip-broken'];
    const skipped = await limn(words);
    expect(skipped).toMatchObject({ code: 0, out: 'partial: 8 pictures, 1 broken left out\n' });
    expect(skipped.error).toContain('warning: text/note.jpg is not a picture');
    const search = ['search', '--gallery', 'gallery', '--text', 'red', '--image'];
    expect(await complaint([...search, 'text/note.jpg'], 1)).toContain('text/note.jpg is not a picture');
    expect(await complaint([...search, 'nowhere.jpg'], 1)).toContain('nowhere.jpg does not exist. Check the path.');
  });

  it('captions with a missing key, an unknown id, or pictures that are absent', async () => {
    const captions = at('data', 'captions', 'cap.wardrobe.train.json');
    const whole = await readFile(captions, 'utf8');
    const spoil = async (change: (row: Record<string, unknown>) => void) => {
      const rows = JSON.parse(whole);
      change(rows[4]);
      await writeFile(captions, JSON.stringify(rows));
      return complaint(trainWords('data', 'never'), 1);
    };
    expect(await spoil((row) => delete row.candidate)).toMatch(/train\.json row 5: "candidate" is missing; correct the row/);
    expect(await spoil((row) => Object.assign(row, { target: 'nobody' }))).toMatch(
      /row 5: "target" is "nobody", which image_splits/,
    );
    await writeFile(captions, whole);
    await cp(at('data'), at('holes'), { recursive: true });
    await rm(at('holes', 'images', 'w00001.jpg'));
    expect(await complaint(trainWords('holes', 'never'), 1)).toMatch(/1 of 39 pictures are missing in .*\(w00001\)/);
    expect(await readdir(root)).not.toContain('never');
  });

  it('a checkpoint or a model cut in half', async () => {
    await cp(at('run'), at('cut'), { recursive: true });
    const checkpoint = at('cut', 'checkpoints', 'last.safetensors');
    const bytes = await readFile(checkpoint);
    await truncate(checkpoint, bytes.length / 2);
    const before = await contentOf(at('cut'));
    expect(await complaint(trainWords('data', 'cut', '--resume'), 1)).toMatch(
      /last\.safetensors is cut short: .*Use an earlier checkpoint/,
    );
    expect(await contentOf(at('cut'))).toEqual(before);
    await cp(at('model'), at('half'), { recursive: true });
    await truncate(at('half', 'weights.safetensors'), 3000);
    const evaluated = await complaint(['evaluate', '--model', 'half', '--data', 'data'], 1);
    expect(evaluated).toMatch(/weights\.safetensors is cut short/);
    expect(await complaint(['evaluate', '--model', 'nowhere', '--data', 'data'], 1)).toMatch(/no usable limn model in nowhere/);
  });

  it('a run or a gallery of another encoder or model', async () => {
    const other = trainWords('data', 'run', '--resume').map((word) => (word === '16' ? '8' : word));
    expect(await complaint(other, 2)).toMatch(/The run in run was started with another configuration/);
    expect(await complaint(trainWords('data', 'run'), 2)).toMatch(/run already holds a run\. Add --resume/);
    const search = ['search', '--gallery', 'gallery', '--image', 'pictures/1.jpg', '--text', 'red', '--model'];
    expect(await complaint([...search, 'run'], 1)).toMatch(
      /The gallery gallery was indexed with another model .*encoder patch-32-16-0/,
    );
  });

  it('goes on after an interruption', async () => {
    // The later of two equal flags counts.
    const words = trainWords('data', 'stopped', '--epochs', '5000');
    const env = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1' };
    const child = execFile(process.execPath, [program, ...words], { env, cwd: root });
    let error = '';
    const code = await new Promise((done) => {
      child.stderr?.on('data', (text: string) => {
        error += text;
        if (/train \d+\//.test(error) && !child.killed) child.kill('SIGINT');
      });
      child.on('exit', done);
    });
    expect(code, error).toBe(130);
    expect(error).toMatch(/limn: Interrupted at step \d+ of \d+; the checkpoint is written\. Continue with --resume\.\n$/);
    expect(await readdir(at('stopped', 'checkpoints'))).toEqual(['last.safetensors']);
  });

  it('lets one of two processes that resume a run at once go on, and refuses the other', async () => {
    const words = trainWords('data', 'stopped', '--epochs', '5000', '--resume');
    const env = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1' };
    const before = await readFile(at('stopped', 'config.json'), 'utf8');
    const started = [0, 1].map(() => {
      const child = execFile(process.execPath, [program, ...words], { env, cwd: root });
      const one = { child, error: '', ended: once(child, 'exit') };
      child.stderr?.on('data', (text: string) => {
        one.error += text;
      });
      return one;
    });
    // The run has thousands of epochs to go: the first that ends is the one that was refused.
    const first = await Promise.race(started.map((one) => one.ended.then(([code]) => ({ ...one, code, error: one.error }))));
    const other = started.find(({ child }) => child.pid !== first.child.pid) as (typeof started)[number];
    expect(first.code, first.error).toBe(2);
    expect(first.error).toMatch(
      new RegExp(`^limn: The run in stopped is being worked on by the process ${other.child.pid} on .*\n$`),
    );
    await expect.poll(() => other.error, { timeout: 100_000 }).toMatch(/train \d+\//);
    other.child.kill('SIGINT');
    expect(await other.ended, other.error).toEqual([130, null]);
    expect(await readdir(at('stopped', 'checkpoints'))).toEqual(['last.safetensors']);
    expect(await readFile(at('stopped', 'config.json'), 'utf8')).toBe(before);
    expect(await readdir(at('stopped'))).not.toContain('run.lock');
  });

  it('ends at once, and quietly, at the second signal in the middle of a step', async () => {
    const words = trainWords('data', 'ended', '--epochs', '5000', '--width', '128', '--batch-size', '64');
    const env = { ...process.env, LIMN_HOME: at('home'), LIMN_THREADS: '1' };
    const child = execFile(process.execPath, [program, ...words], { env, cwd: root });
    let error = '';
    child.stderr?.on('data', (text: string) => {
      error += text;
      if (!/train \d+\//.test(error) || child.killed) return;
      // Two of a kind could become one on their way.
      child.kill('SIGTERM');
      child.kill('SIGINT');
    });
    const [code, signal] = await once(child, 'exit');
    // What a shell calls 130.
    expect([code, signal], error).toEqual([null, 'SIGINT']);
    expect(error).toMatch(/Stopping at the next safe point; press Ctrl-C again to stop at once\.\n$/);
    expect(await readdir(at('ended', 'checkpoints')).catch(() => [])).toEqual([]);
  });
});
