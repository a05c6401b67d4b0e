/** The captioner as a person meets it: trained, measured, and asked what changes. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSyntheticFashion } from '../src/learning/data/synthetic-fashion/generate.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { program, startServing } from './support/serving.js';

let work: string;

function limn(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { ...process.env, LIMN_HOME: join(work, 'home') };
  return new Promise((done) => {
    execFile(process.execPath, [program, ...words], { env, cwd: work }, (failure, out, error) => {
      done({ code: failure ? Number(failure.code) : 0, out, error });
    });
  });
}

const data = ['--data', 'wardrobe', '--category', 'wardrobe'];
const small = [
  '--width',
  '32',
  '--heads',
  '4',
  '--layers',
  '1',
  '--patch-size',
  '16',
  '--image-size',
  '32',
  '--patch-layers',
  '0',
];

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-caption-cli-'));
  await generateSyntheticFashion({ directory: join(work, 'wardrobe'), images: 120, seed: 3, size: 48 });
});
afterAll(() => rm(work, { recursive: true, force: true }));

describe('a captioner', () => {
  it('is trained, measured on a split, and writes what changes between two files', async () => {
    const trained = await limn(
      'train',
      '--task',
      'caption',
      ...data,
      ...small,
      '--epochs',
      '10',
      '--lr',
      '0.004',
      '--batch-size',
      '16',
      '--out',
      'run',
    );
    expect(trained.code, trained.error).toBe(0);
    expect(trained.out).toMatch(/^run\/model\nbest epoch \d+: BLEU-1 \d\.\d{3}, .*CIDEr-D \d\.\d{3}\n$/);
    const lines = (await readFile(join(work, 'run', 'metrics.ndjson'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const losses = lines.filter(({ kind }) => kind === 'train').map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]);

    const measured = await limn(
      'evaluate',
      '--task',
      'caption',
      '--model',
      'run',
      ...data,
      '--decoding',
      'beam',
      '--beams',
      '2',
      '--json',
    );
    expect(measured.code, measured.error).toBe(0);
    const report = JSON.parse(measured.out);
    expect(report.captions).toBe(report.written.length);
    expect(report.decoding).toEqual({ strategy: 'beam', beams: 2 });
    expect(report.metrics['BLEU-1']).toBeGreaterThan(0);

    const { reference, target } = report.written[0];
    const image = (id: string) => join('wardrobe', 'images', `${id}.jpg`);
    const said = await limn(
      'caption',
      '--model',
      'run',
      '--reference',
      image(reference),
      '--target',
      image(target),
      '--decoding',
      'beam',
      '--beams',
      '2',
    );
    expect(said, said.error).toMatchObject({ code: 0, out: `${report.written[0].text}\n` });
  });

  it('says over HTTP what it says of files, for ids and uploads, also many at once', async () => {
    process.env.LIMN_HOME = join(work, 'home');
    await saveTinyModel(join(work, 'model'));
    const model = await RetrievalModel.open(join(work, 'model'));
    const images = join(work, 'wardrobe', 'images');
    await (await Gallery.create({ model, images, out: join(work, 'shop') })).close();
    await model.close();
    const ids = (await readdir(images)).sort().slice(0, 5);
    const pairs = ids.slice(1).map((target, i) => ({ reference: ids[i] as string, target }));
    const expected: string[] = [];
    for (const { reference, target } of pairs) {
      const files = ['--reference', join(images, reference), '--target', join(images, target)];
      expected.push((await limn('caption', '--model', 'run', ...files)).out.trimEnd());
    }
    const serving = await startServing(work, '--gallery', 'shop', '--captioner', 'run', '--log', 'silent');
    try {
      const { client } = serving;
      expect(await client.gallery('shop')).toMatchObject({ captions: true });
      const asked = pairs.map(({ reference, target }) =>
        client.caption({ gallery: 'shop', reference: { id: reference }, target: { id: target } }),
      );
      expect(await Promise.all(asked)).toEqual(expected);
      const [{ reference, target }] = pairs as [(typeof pairs)[0]];
      const file = await readFile(join(images, reference));
      expect(await client.caption({ gallery: 'shop', reference: { file }, target: { id: target } })).toBe(expected[0]);
      const none = client.caption({ gallery: 'shop', reference: { file }, target: { id: 'none.jpg' } });
      await expect(none).rejects.toMatchObject({ status: 400, code: 'USAGE' });
      const broken = client.caption({ gallery: 'shop', reference: { file: file.subarray(0, 300) }, target: { id: target } });
      await expect(broken).rejects.toMatchObject({ status: 422, code: 'IMAGE' });
      // It goes on after what it refused.
      expect(await client.caption({ gallery: 'shop', reference: { id: reference }, target: { id: target } })).toBe(expected[0]);
    } finally {
      serving.kill('SIGTERM');
    }
    expect(await serving.ended).toBe(0);
  });

  it.each([
    [['caption', '--model', 'run', '--reference', 'a.png'], 2, /^limn: .*--target/],
    [
      ['caption', '--model', 'nowhere', '--reference', 'a.png', '--target', 'b.png'],
      1,
      /^limn: There is no usable captioner in nowhere/,
    ],
    [['caption', '--model', 'run', '--reference', 'a.png', '--target', 'b.png'], 1, /^limn: .*a\.png/],
    [
      ['caption', '--model', 'run', '--reference', 'a.png', '--target', 'b.png', '--top-p', '0.5'],
      2,
      /^limn: --top-p needs "--decoding nucleus" and is not supported with "greedy"\.$/,
    ],
    [
      ['train', '--task', 'caption', '--method', 'tirg', '--out', 'x', ...data],
      2,
      /^limn: "method" is not supported with "--task caption"/,
    ],
    [
      ['evaluate', '--task', 'caption', '--protocol', 'shoes', '--model', 'run', ...data],
      2,
      /^limn: "protocol" is not supported/,
    ],
    [['search', '--gallery', 'x', '--text', 'red', '--decoding', 'beam'], 2, /^limn: unknown option '--decoding'/],
  ])('says in one line what is wrong: %j', async (words, code, message) => {
    const ended = await limn(...words);
    const lines = ended.error.trimEnd().split('\n');
    expect({ code: ended.code, lines: lines.length }, ended.error).toEqual({ code, lines: 1 });
    expect(lines[0]).toMatch(message);
  });
});
