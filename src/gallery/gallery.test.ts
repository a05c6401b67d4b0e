import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LimnModel } from '../models/limn-model.js';
import { Gallery } from './gallery.js';
import { scanPictures } from './scan.js';
import { saveTinyModel } from './testing/tiny-model.js';

let root: string;
let model: LimnModel;
const at = (...parts: string[]) => join(root, ...parts);
const drawn = (red: number, green: number, blue: number) =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: { r: red, g: green, b: blue } } });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-gallery-'));
  process.env.LIMN_HOME = at('home');
  await saveTinyModel(at('model'));
  model = await LimnModel.open(at('model'));
  await mkdir(at('pictures', 'sub', '.hidden'), { recursive: true });
  for (let i = 0; i < 36; i++)
    await drawn((i * 37) % 256, (i * 91) % 256, (i * 53) % 256)
      .jpeg()
      .toFile(at('pictures', `p${String(i).padStart(2, '0')}.jpg`));
  await drawn(200, 0, 0)
    .png()
    .toFile(at('pictures', 'sub', 'red.PNG'));
  await drawn(0, 200, 0)
    .webp()
    .toFile(at('pictures', 'sub', 'green.webp'));
  await writeFile(at('pictures', 'notes.txt'), 'no picture');
  await cp(at('pictures', 'p00.jpg'), at('pictures', 'sub', '.hidden', 'x.jpg'));
});

afterAll(async () => {
  await model.close();
  await rm(root, { recursive: true, force: true });
});

const filesOf = async (folder: string) =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), 'base64')] as const),
    ),
  );

describe('Gallery', () => {
  it('finds in its own folder what it embedded, and says how each score is made', async () => {
    const made = await Gallery.create({ model, images: at('pictures'), out: at('gallery') });
    const opened = await Gallery.open(at('gallery'));
    expect(made.size).toBe(38);
    expect(made.ids.at(-1)).toBe('sub/red.PNG');
    const query = { image: at('pictures', 'p07.jpg'), text: 'the same in red', k: 12 };
    const hits = await made.search(query);
    expect(await opened.search(query)).toEqual(hits);
    expect(await opened.search({ ...query, image: await readFile(query.image) })).toEqual(hits);
    expect(hits.map(({ rank }) => rank)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    for (const [i, hit] of hits.entries()) {
      expect(hit.id).not.toBe('p07.jpg');
      expect(hit.path).toBe(at('pictures', hit.id));
      expect(hit.factors).toHaveLength(3);
      expect(hit.matching + hit.factors.reduce((a, b) => a + b, 0)).toBeCloseTo(hit.score, 10);
      expect(hit.score).toBeLessThanOrEqual(hits[i - 1]?.score ?? Number.POSITIVE_INFINITY);
    }
    const all = await opened.search({ ...query, k: 38, excludeReference: false });
    expect(all.map(({ id }) => id)).toContain('p07.jpg');
    expect(await opened.search({ ...query, k: 38 })).toHaveLength(37);
    const byMatching = await opened.search({ ...query, weights: [0, 0, 0] });
    for (const hit of byMatching) expect(hit.score).toBe(hit.matching);
    await Promise.all([made.close(), opened.close()]);
  });

  it('writes the same files again, and is found after it moved with its model and pictures', async () => {
    const before = await filesOf(at('gallery'));
    await (await Gallery.create({ model, images: at('pictures'), out: at('gallery') })).close();
    expect(await filesOf(at('gallery'))).toEqual(before);
    await mkdir(at('away'));
    for (const name of ['gallery', 'model', 'pictures']) await rename(at(name), at('away', name));
    const moved = await Gallery.open(at('away', 'gallery'));
    const [first] = await moved.search({ image: at('away', 'pictures', 'p01.jpg'), text: 'in red', k: 1 });
    expect(first?.path).toBe(at('away', 'pictures', first?.id ?? ''));
    await moved.close();
    for (const name of ['gallery', 'model', 'pictures']) await rename(at('away', name), at(name));
  });

  it('asks for what is missing', async () => {
    const gallery = await Gallery.open(at('gallery'), { model });
    const image = at('pictures', 'p01.jpg');
    await expect(gallery.search({ image, text: ' ' })).rejects.toThrow('has no words: say what to change');
    await expect(gallery.search({ text: 'in red' })).rejects.toThrow('There is no reference picture');
    await expect(gallery.search({ image, text: 'in red', k: 39 })).rejects.toThrow('the gallery has 38 pictures');
    await expect(gallery.search({ image: at('none.jpg'), text: 'in red' })).rejects.toThrow(/none\.jpg does not exist/);
    await expect(gallery.search({ image: Buffer.from('text'), text: 'in red' })).rejects.toThrow(
      /^The query picture is not a picture/,
    );
    await gallery.close();
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('limn-query-'))).toEqual([]);
  });

  it('refuses queries of another model, and says when its model is gone', async () => {
    await saveTinyModel(at('other'), 2);
    const other = await LimnModel.open(at('other'));
    await expect(Gallery.open(at('gallery'), { model: other })).rejects.toThrow(
      /was indexed with another model .*give that model/,
    );
    await other.close();
    await rename(at('model'), at('model-away'));
    await expect(Gallery.open(at('gallery'))).rejects.toThrow(/is no longer at .*--model/);
    await rename(at('model-away'), at('model'));
  });

  it('needs only a picture, or only a text, for models of one side', async () => {
    for (const side of ['picture', 'text'] as const) {
      await saveTinyModel(at(side), 3, { query: side });
      const one = await LimnModel.open(at(side));
      const gallery = await Gallery.create({ model: one, images: at('pictures'), out: at(`${side}-gallery`) });
      const query = side === 'picture' ? { image: at('pictures', 'p01.jpg') } : { text: 'in red' };
      expect(await gallery.search({ ...query, k: 5 })).toHaveLength(5);
      await gallery.close();
      await one.close();
    }
  });
});

describe('a gallery of a method without factors', () => {
  it.each(['combiner', 'tg-cir', 'picture-only', 'text-only'] as const)('is searched by the cosine alone: %s', async (method) => {
    await saveTinyModel(at(method), 4, { method });
    const one = await LimnModel.open(at(method));
    const images = at('pictures');
    const made = await Gallery.create({ model: one, images, out: at(`${method}-gallery`) });
    const opened = await Gallery.open(at(`${method}-gallery`));
    const query = {
      ...(one.sees.picture ? { image: at('pictures', 'p07.jpg') } : {}),
      ...(one.sees.text ? { text: 'the same in red' } : {}),
      excludeReference: false,
      k: 38,
    };
    const hits = await made.search(query);
    expect(await opened.search(query)).toEqual(hits);
    expect(new Set(hits.map(({ id }) => id)).size).toBe(38);
    for (const [i, hit] of hits.entries()) {
      expect(hit.factors).toEqual([]);
      expect(hit.score).toBe(hit.matching);
      expect(hit.score).toBeLessThanOrEqual(hits[i - 1]?.score ?? 1 + 1e-5);
    }
    // A query that is the reference itself finds it.
    if (method === 'picture-only') expect(hits[0]).toMatchObject({ id: 'p07.jpg', score: expect.closeTo(1, 5) });
    await expect(opened.search({ ...query, weights: [1] })).rejects.toThrow('The model has no factors: give no weights.');
    if (one.sees.text) await expect(opened.search({ ...query, text: ' ' })).rejects.toThrow('has no words: say what to change');
    if (one.sees.picture) {
      const { image: _, ...without } = query;
      await expect(opened.search(without)).rejects.toThrow('There is no reference picture');
    }
    await Promise.all([made.close(), opened.close()]);
    await one.close();
  });
});

describe('broken input', () => {
  it('stops at a broken picture by name and leaves the old gallery whole; or skips and lists it', async () => {
    await cp(at('pictures'), at('broken'), { recursive: true });
    await writeFile(at('broken', 'a-text.jpg'), 'this is a text');
    await truncate(at('broken', 'p03.jpg'), (await stat(at('broken', 'p03.jpg'))).size - 40);
    const out = at('broken-gallery');
    await cp(at('gallery'), out, { recursive: true });
    const before = await filesOf(out);
    await expect(Gallery.create({ model, images: at('broken'), out })).rejects.toThrow(/a-text\.jpg is not a picture/);
    expect(await filesOf(out)).toEqual(before);
    const gallery = await Gallery.create({ model, images: at('broken'), out, onBroken: 'skip' });
    expect(gallery.skipped.map(({ id }) => id)).toEqual(['a-text.jpg', 'p03.jpg']);
    expect(gallery.size).toBe(37);
    await gallery.close();
  });

  it('stops when told to, without a half gallery', async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const going = Gallery.create({ model, images: at('pictures'), out: at('half'), signal: stop.signal, onProgress });
    await expect(going).rejects.toThrow('Interrupted');
    await expect(Gallery.open(at('half'))).rejects.toThrow('There is no gallery');
  });

  it('says that a folder is absent, a file, or without pictures', async () => {
    await mkdir(at('empty'));
    await expect(scanPictures(at('absent'))).rejects.toThrow(/absent does not exist: give a folder of pictures\./);
    await expect(scanPictures(at('pictures', 'p00.jpg'))).rejects.toThrow(/is a file, not a folder/);
    await expect(scanPictures(at('empty'))).rejects.toThrow(/has no pictures \(\.jpg, /);
  });
});
