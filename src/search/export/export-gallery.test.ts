/** What an export writes: less on the second time, nothing on a refusal, and never at the cost of the export that is there. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { Gallery } from '../gallery/gallery.js';
import { drawImage, type TinyFolder, tinyFolder } from '../gallery/testing/tiny-gallery.js';
import { type ExportOptions, exportGallery } from './export-gallery.js';
import type { ExportedFile, ExportManifest } from './format.js';

let folder: TinyFolder;
const page = new Map([['index.html', Buffer.from('<title>page</title>')]]);
const runtime = Buffer.from('runtime');
const run = (out: string, more: Partial<ExportOptions> = {}) =>
  exportGallery({ gallery: folder.at('gallery'), out: folder.at(out), name: 'tiny', page, runtime, ...more });
const index = () => Gallery.create({ model: folder.model, images: folder.at('pictures'), out: folder.at('gallery') });

beforeAll(async () => {
  folder = await tinyFolder(12);
  await (await index()).close();
});
afterAll(() => folder?.remove());

const filesOf = ({ files, shards, page }: ExportManifest) =>
  [...Object.values(files), ...shards, ...page].filter((file): file is ExportedFile => file !== undefined);

async function expectWhole(out: string): Promise<ExportManifest> {
  const manifest = JSON.parse(await readFile(folder.at(out, 'manifest.json'), 'utf8')) as ExportManifest;
  for (const { path, sha256 } of filesOf(manifest)) {
    const hash = createHash('sha256').update(await readFile(folder.at(out, path)));
    expect(hash.digest('hex'), path).toBe(sha256);
  }
  return manifest;
}

it('keeps weights as float16 or int8, and says what searches with them find', async () => {
  const exact = await run('float32', { weights: 'float32' });
  const half = await run('float16');
  const byte = await run('int8', { weights: 'int8' });
  expect(exact.manifest.weights).toEqual({ type: 'float32', first: 1, ten: 1, change: 0 });
  expect(half.manifest.weights).toMatchObject({ type: 'float16', first: 1 });
  expect(byte.manifest.weights?.type).toBe('int8');
  const sizes = [exact, half, byte].map(({ manifest }) => manifest.files.query.bytes);
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  expect(sizes[2]).toBeLessThan(sizes[1] as number);
  await expectWhole('int8');
});

it('writes what changed alone, and leaves the export of before usable where it is interrupted', async () => {
  await run('out');
  expect(await run('out')).toMatchObject({ written: 0, removed: 0 });
  await drawImage(folder.at('pictures', 'new.jpg'), 50);
  await (await index()).close();
  const before = await readFile(folder.at('out', 'manifest.json'), 'utf8');
  const stop = new AbortController();
  const stopped = run('out', { signal: stop.signal, onProgress: ({ done, total }) => done === total && stop.abort() });
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(await readFile(folder.at('out', 'manifest.json'), 'utf8')).toBe(before);
  expect((await expectWhole('out')).count).toBe(12);
  // The two files of the image are there already; its vectors, the list of images and the manifest are not.
  const { written, manifest } = await run('out');
  expect(manifest.count).toBe(13);
  expect(written).toBeLessThanOrEqual(4);
  await expectWhole('out');
});

it('writes what WebGPU needs where it is wanted, and takes it away again', async () => {
  const weights = 'float32';
  const webgpuFiles = { runtime: Buffer.from('for GPUs'), page: new Map([['assets/gpu.js', Buffer.from('script')]]) };
  const names = async () => (await expectWhole('gpu')).page.map(({ path }) => path);
  // A model of patches is so small that it is of no use.
  expect((await run('gpu', { weights, webgpuFiles })).manifest.files.webgpu).toBeUndefined();
  expect((await run('gpu', { weights, webgpuFiles, webgpu: true })).manifest.files.webgpu).toMatchObject({ bytes: 8 });
  expect(await names()).toEqual(['index.html', 'assets/gpu.js']);
  expect(await run('gpu', { weights, webgpuFiles, webgpu: false })).toMatchObject({ removed: 2 });
  expect(await names()).toEqual(['index.html']);
});

it('refuses models that browsers cannot run before anything is written', async () => {
  const { parts, folder: place, hash } = folder.model;
  const variants: [Partial<typeof parts>, RegExp][] = [
    [
      { config: { ...parts.config, text: { kind: 'features', tokens: 4, channels: 4, globalChannels: 4 } } },
      /texts with an encoder from the Hub/,
    ],
    [{ encoder: { ...parts.encoder, definition: 'mine' } }, /has an image encoder of a plug-in/],
    [{ config: { ...parts.config, image: { kind: 'captions', words: 4 } } }, /reads captions in place of images/],
  ];
  for (const [change, message] of variants) {
    const model = new RetrievalModel({ ...parts, ...change }, place, hash);
    await expect(run('refused', { model })).rejects.toThrow(message);
    expect(existsSync(folder.at('refused'))).toBe(false);
  }
});

it('takes up an export that was stopped before its first manifest', async () => {
  const stop = new AbortController();
  const stopped = run('begun', { signal: stop.signal, onProgress: () => stop.abort() });
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(await readdir(folder.at('begun'))).not.toContain('manifest.json');
  await run('begun');
  await expectWhole('begun');
  await rm(folder.at('begun'), { recursive: true });
});
