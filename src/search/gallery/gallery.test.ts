import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LimnError } from '../../core/errors.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { GalleryStore } from '../store/store.js';
import { Gallery } from './gallery.js';
import { scanImages } from './ingest/scan.js';
import { drawImage, imageBytes, type TinyFolder, tinyFolder } from './testing/tiny-gallery.js';
import { saveTinyModel } from './testing/tiny-model.js';

let folder: TinyFolder;
let model: RetrievalModel;
const at = (...parts: string[]) => folder.at(...parts);
const idsOf = async (gallery: Gallery) => (await gallery.list({ limit: 1000 })).map(({ id }) => id);

beforeAll(async () => {
  folder = await tinyFolder(36);
  ({ model } = folder);
  await mkdir(at('pictures', 'sub', '.hidden'), { recursive: true });
  await sharp(await imageBytes(50))
    .png()
    .toFile(at('pictures', 'sub', 'red.PNG'));
  await sharp(await imageBytes(51))
    .webp()
    .toFile(at('pictures', 'sub', 'green.webp'));
  await writeFile(at('pictures', 'notes.txt'), 'no picture');
  await cp(at('pictures', 'p00.jpg'), at('pictures', 'sub', '.hidden', 'x.jpg'));
});

afterAll(() => folder.remove());

describe('Gallery', () => {
  it('finds in its own folder what it embedded, and says how each score is made', async () => {
    const made = await Gallery.create({ model, images: at('pictures'), out: at('gallery') });
    const opened = await Gallery.open(at('gallery'));
    expect(await made.count()).toBe(38);
    expect((await idsOf(made)).at(-1)).toBe('sub/red.PNG');
    const path = at('pictures', 'p07.jpg');
    const query = { references: [{ path }], texts: ['the same in red'], k: 12 };
    const { hits, next } = await made.search(query);
    expect(next).toBe(12);
    expect(await opened.search(query)).toEqual({ hits, next });
    expect(await opened.search({ ...query, references: [{ bytes: await readFile(path) }] })).toEqual({ hits, next });
    expect(await opened.search({ ...query, references: [{ id: 'p07.jpg' }] })).toEqual({ hits, next });
    expect(hits.map(({ rank }) => rank)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    for (const [i, hit] of hits.entries()) {
      expect(hit.id).not.toBe('p07.jpg');
      expect(hit.factors).toHaveLength(3);
      expect(hit.matching + hit.factors.reduce((a, b) => a + b, 0)).toBeCloseTo(hit.score, 10);
      expect(hit.score).toBeLessThanOrEqual(hits[i - 1]?.score ?? Number.POSITIVE_INFINITY);
    }
    const all = await opened.search({ ...query, k: 38, excludeReferences: false });
    expect(all.hits.map(({ id }) => id)).toContain('p07.jpg');
    expect(all.next).toBeUndefined();
    expect((await opened.search({ ...query, k: 1000 })).hits).toHaveLength(37);
    // A model that kept no texts suggests what it has words for, and says which it has not.
    const { suggestions, unknown } = await opened.suggest({ typed: 'in blu', reference: 'p07.jpg' });
    expect(suggestions).toEqual(['in blue']);
    expect(unknown).toEqual([{ text: 'in blu', words: [{ word: 'blu', nearest: ['blue'] }], corrected: 'in blue' }]);
    await Promise.all([made.close(), opened.close()]);
  });

  it('leaves everything as it is when nothing changed, and is found after it moved with its model and pictures', async () => {
    const filesOf = async () => {
      const entries = await readdir(at('gallery'), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      return Promise.all(files.sort().map(async (name) => [name, await readFile(name, 'base64')]));
    };
    const before = await filesOf();
    const again = await Gallery.create({ model, images: at('pictures'), out: at('gallery') });
    expect(again.report).toMatchObject({ added: 0, replaced: 0, unchanged: 38, removed: 0, skipped: [] });
    await again.close();
    expect(await filesOf()).toEqual(before);
    await mkdir(at('away'));
    for (const name of ['gallery', 'model', 'pictures']) await rename(at(name), at('away', name));
    const moved = await Gallery.open(at('away', 'gallery'));
    const { hits } = await moved.search({ references: [{ id: 'p01.jpg' }], texts: ['in red'], k: 1 });
    const item = await moved.get(hits[0]?.id ?? '');
    expect(item && moved.pathOf(item)).toBe(at('away', 'pictures', hits[0]?.id ?? ''));
    await moved.close();
    for (const name of ['gallery', 'model', 'pictures']) await rename(at('away', name), at(name));
  });

  it('gives pictures and small copies of them, and never a file outside its images folder', async () => {
    const gallery = await Gallery.open(at('gallery'), { model });
    expect(Buffer.from((await gallery.image('p02.jpg')) as Uint8Array)).toEqual(await readFile(at('pictures', 'p02.jpg')));
    const small = (await gallery.thumbnail('sub/red.PNG')) as Uint8Array;
    expect(await sharp(small).metadata()).toMatchObject({ format: 'jpeg', width: 40, height: 30 });
    expect(await gallery.thumbnail('sub/red.PNG')).toEqual(small);
    const cached = (await readdir(at('home', 'thumbnails', '320'), { recursive: true })).filter((name) => name.endsWith('.jpg'));
    expect(cached).toHaveLength(1);
    for (const id of ['../model/config.json', '..', '/etc/passwd', 'none.jpg', '%2e%2e/x', '']) {
      expect(await gallery.image(id).catch(() => undefined), id).toBeUndefined();
    }
    await writeFile(at('secret.jpg'), 'secret');
    await expect(gallery.add([{ id: 'out', location: '../secret.jpg' }])).rejects.toThrow('lies outside the images folder');
    await symlink(at('secret.jpg'), at('pictures', 'link.jpg'));
    await expect(gallery.add([{ id: 'link', location: 'link.jpg' }])).rejects.toThrow('lies outside the images folder');
    await rm(at('pictures', 'link.jpg'));
    // A file that takes an indexed picture's place later.
    await rename(at('pictures', 'p02.jpg'), at('p02.jpg'));
    await symlink(at('secret.jpg'), at('pictures', 'p02.jpg'));
    await expect(gallery.image('p02.jpg')).rejects.toThrow('lies outside the images folder');
    await rm(at('pictures', 'p02.jpg'));
    await expect(gallery.image('p02.jpg')).rejects.toThrow('does not exist');
    await rename(at('p02.jpg'), at('pictures', 'p02.jpg'));
    await gallery.close();
  });

  it('says what is missing or wrong', async () => {
    const gallery = await Gallery.open(at('gallery'), { model });
    const references = [{ path: at('pictures', 'p01.jpg') }];
    const wrong = async (request: Parameters<Gallery['search']>[0], message: string | RegExp) =>
      expect(gallery.search(request)).rejects.toThrow(message);
    await wrong({ references, texts: [' '] }, 'has no words: say what to change');
    await wrong({}, 'nothing to search for: give a reference picture, a text');
    await wrong({ negatives: references }, 'nothing to search for');
    await wrong({ references, k: 0 }, 'k is 0; it must be a whole number from 1');
    await wrong({ references, k: 500, offset: 501 }, 'limn ranks only 1000');
    await wrong({ references, offset: -1 }, 'offset is -1');
    await wrong({ references, weights: [1, 2] }, 'has 3 factors: give 3 finite weights, not [1,2]');
    await wrong({ references, weights: [1, 2, Number.NaN] }, 'has 3 factors');
    await wrong({ references, negativeWeight: -1 }, 'weight of the negatives is -1');
    await wrong({ references, filter: 'colour =' }, /filter/);
    await wrong({ references: [{ id: 'none' }] }, 'The gallery has no picture "none"');
    await wrong({ references: [{ path: at('none.jpg') }], texts: ['in red'] }, /none\.jpg does not exist/);
    await wrong({ references: [{ bytes: Buffer.from('text') }], texts: ['in red'] }, /^The query picture is not a picture/);
    await wrong({ references, signal: AbortSignal.abort() }, 'Interrupted while searching');
    await gallery.close();
  });

  it('says that its pictures are gone, some or all, and takes another place for them', async () => {
    const gallery = await Gallery.open(at('gallery'), { model });
    expect(await gallery.missingImages()).toBeUndefined();
    await rename(at('pictures', 'p03.jpg'), at('p03.jpg'));
    expect(await gallery.missingImages()).toMatch(/^1 of the first 24 images are not in /);
    await rename(at('p03.jpg'), at('pictures', 'p03.jpg'));
    await gallery.close();
    await rename(at('pictures'), at('moved'));
    try {
      const [gone, found] = [
        await Gallery.open(at('gallery'), { model }),
        await Gallery.open(at('gallery'), { model, images: at('moved') }),
      ];
      expect(await gone.missingImages()).toMatch(/^None of the first 24 images is in .*--images/);
      expect(await found.missingImages()).toBeUndefined();
      expect(await found.image('p03.jpg')).toEqual(await readFile(at('moved', 'p03.jpg')));
      await Promise.all([gone.close(), found.close()]);
    } finally {
      await rename(at('moved'), at('pictures'));
    }
  });

  it('refuses queries of another model, and says when its model is gone', async () => {
    await saveTinyModel(at('other'), 2);
    const other = await RetrievalModel.open(at('other'));
    const another = /was indexed with another model .*give that model/;
    await expect(Gallery.open(at('gallery'), { model: other })).rejects.toThrow(another);
    await expect(Gallery.create({ model: other, images: at('pictures'), out: at('gallery') })).rejects.toThrow(another);
    await cp(at('gallery'), at('replaced'), { recursive: true });
    const made = await Gallery.create({ model: other, images: at('pictures'), out: at('replaced'), replace: true });
    expect([await made.count(), made.report.added]).toEqual([38, 38]);
    await made.close();
    await other.close();
    await rename(at('model'), at('model-away'));
    await expect(Gallery.open(at('gallery'))).rejects.toThrow(/is no longer at .*--model/);
    await rename(at('model-away'), at('model'));
  });
});

describe('models of one side', () => {
  it.each(['picture', 'text'] as const)('take the %s alone, and say so', async (side) => {
    await saveTinyModel(at(side), 3, { query: side });
    const one = await RetrievalModel.open(at(side));
    const gallery = await Gallery.create({ model: one, images: at('pictures'), out: at(`${side}-gallery`) });
    const references = [{ id: 'p01.jpg' }];
    const texts = ['in red'];
    expect((await gallery.search({ ...(side === 'picture' ? { references } : { texts }), k: 5 })).hits).toHaveLength(5);
    const refused = side === 'picture' ? /sees pictures alone/ : /see texts alone: give a text, or a reference, and not both/;
    await expect(gallery.search({ references, texts })).rejects.toThrow(refused);
    // A reference without a text is looked for by what the gallery has of it.
    if (side === 'text') {
      const { hits } = await gallery.search({ references, excludeReferences: false });
      expect(hits[0]).toMatchObject({ id: 'p01.jpg', matching: expect.closeTo(1, 5) });
    } else await expect(gallery.search({ texts })).rejects.toThrow(/sees pictures alone/);
    const [first] = (await gallery.search(side === 'picture' ? { references } : { texts })).hits;
    const why = await gallery.explain(side === 'picture' ? { references } : { texts }, first?.id as string);
    expect(why.factors.map(({ reference }) => reference !== undefined)).toEqual(new Array(3).fill(side === 'picture'));
    await gallery.close();
    await one.close();
  });
});

describe('a gallery of a method without factors', () => {
  it.each(['combiner', 'tg-cir', 'picture-only', 'text-only'] as const)('is searched by the cosine alone: %s', async (method) => {
    await saveTinyModel(at(method), 4, { method });
    const one = await RetrievalModel.open(at(method));
    const images = at('pictures');
    const made = await Gallery.create({ model: one, images, out: at(`${method}-gallery`) });
    const opened = await Gallery.open(at(`${method}-gallery`));
    const query = {
      ...(one.sees.image ? { references: [{ path: at('pictures', 'p07.jpg') }] } : {}),
      ...(one.sees.text ? { texts: ['the same in red'] } : {}),
      excludeReferences: false,
      k: 38,
    };
    const { hits } = await made.search(query);
    expect((await opened.search(query)).hits).toEqual(hits);
    expect(new Set(hits.map(({ id }) => id)).size).toBe(38);
    for (const [i, hit] of hits.entries()) {
      expect(hit.factors).toEqual([]);
      expect(hit.score).toBe(hit.matching);
      expect(hit.score).toBeLessThanOrEqual(hits[i - 1]?.score ?? 1 + 1e-5);
    }
    // A query that is the reference itself finds it.
    if (method === 'picture-only') expect(hits[0]).toMatchObject({ id: 'p07.jpg', score: expect.closeTo(1, 5) });
    await expect(opened.search({ ...query, weights: [1] })).rejects.toThrow('The model has no factors: give no weights.');
    if (one.sees.text && one.sees.image) expect((await opened.search({ texts: ['in red'] })).hits).toHaveLength(10);
    expect((await opened.explain(query, 'p03.jpg')).factors).toEqual([]);
    expect((await opened.describe()).factors).toEqual([]);
    await Promise.all([made.close(), opened.close()]);
    await one.close();
  });
});

describe('broken input', () => {
  it('stops at a broken picture by name; or skips and lists it', async () => {
    await cp(at('pictures'), at('broken'), { recursive: true });
    await writeFile(at('broken', 'a-text.jpg'), 'this is a text');
    await truncate(at('broken', 'p03.jpg'), (await stat(at('broken', 'p03.jpg'))).size - 40);
    const out = at('broken-gallery');
    const made = Gallery.create({ model, images: at('broken'), out });
    await expect(made).rejects.toThrow(/a-text\.jpg is not a picture/);
    const gallery = await Gallery.create({ model, images: at('broken'), out, onBroken: 'skip' });
    expect(gallery.report.skipped.map(({ id }) => id)).toEqual(['a-text.jpg', 'p03.jpg']);
    expect(gallery.report.skipped[1]?.reason).toMatch(/p03\.jpg is damaged or cut short/);
    expect(await gallery.count()).toBe(37);
    await gallery.close();
    const onlyBroken = {
      model,
      images: at('broken'),
      files: ['a-text.jpg', 'p03.jpg'],
      out: at('none'),
      onBroken: 'skip',
    } as const;
    await expect(Gallery.create(onlyBroken)).rejects.toThrow(/None of the 2 pictures can be read\. The first: .*a-text/);
  });

  it('says that a folder is absent, a file, or without pictures, before it makes anything', async () => {
    await mkdir(at('empty'));
    await expect(scanImages(at('absent'))).rejects.toThrow(/absent does not exist: give a folder of pictures\./);
    await expect(scanImages(at('pictures', 'p00.jpg'))).rejects.toThrow(/is a file, not a folder/);
    await expect(Gallery.create({ model, images: at('empty'), out: at('from-empty') })).rejects.toThrow(
      /has no pictures \(\.jpg, /,
    );
    await expect(Gallery.open(at('from-empty'))).rejects.toThrow('There is no gallery');
    await expect(Gallery.create({ model, out: at('from-empty') })).rejects.toThrow('There are no pictures: give a folder');
  });
});

describe('add and remove', () => {
  it('keep the files of pictures that come as bytes, and nobody elses', async () => {
    await cp(at('pictures'), at('live'), { recursive: true });
    const gallery = await Gallery.create({ model, images: at('live'), out: at('live-gallery') });
    const uploads = async () =>
      (await readdir(at('live', '.limn', 'uploads'), { recursive: true })).filter((name) => name.endsWith('.jpeg'));
    const bytes = await imageBytes(77);
    const [item] = await gallery.add([{ id: '../new one', bytes, metadata: { colour: 'red' } }]);
    expect(item).toMatchObject({ id: '../new one', metadata: { colour: 'red' } });
    expect(item?.location).toMatch(/^\.limn\/uploads\/[0-9a-f]{2}\/[0-9a-f]{32}-[0-9a-f]{16}\.jpeg$/);
    expect(Buffer.from((await gallery.image('../new one')) as Uint8Array)).toEqual(bytes);
    const found = await gallery.search({ references: [{ bytes }], excludeReferences: false, k: 1 });
    expect(found.hits).toMatchObject([{ id: '../new one', metadata: { colour: 'red' } }]);
    expect((await gallery.search({ references: [{ bytes }], k: 100 })).hits.map(({ id }) => id)).not.toContain('../new one');
    // Replaced by other bytes, its old file goes.
    await gallery.add([{ id: '../new one', bytes: await imageBytes(78) }]);
    expect(await uploads()).toHaveLength(1);
    // A scan does not see it, and pruning leaves it.
    await rm(at('live', 'p05.jpg'));
    expect(await gallery.update({ prune: true })).toMatchObject({ added: 0, removed: 1, unchanged: 37 });
    expect(await gallery.get('../new one')).toBeDefined();
    expect(await gallery.remove(['../new one', 'p06.jpg', 'none'])).toBe(2);
    expect(await uploads()).toEqual([]);
    expect(await readdir(at('live'))).toContain('p06.jpg');
    await gallery.close();
  });

  it('add all pictures or none', async () => {
    const gallery = await Gallery.open(at('live-gallery'), { model });
    const before = await gallery.count();
    const good = { id: 'good', bytes: await imageBytes(90) };
    await expect(gallery.add([good, { id: 'bad', bytes: Buffer.from('<svg/>') }])).rejects.toMatchObject({ code: 'IMAGE' });
    await expect(gallery.add([good, { id: 'good', bytes: await imageBytes(91) }])).rejects.toThrow('Ids must be unique');
    await expect(gallery.add([good, { id: 'a\nb', bytes: good.bytes }])).rejects.toThrow('is not a valid id');
    await expect(gallery.add([{ ...good, metadata: { 'a b': 1 } }])).rejects.toThrow('metadata key');
    await expect(gallery.add([{ id: 'nothing' }])).rejects.toThrow('neither bytes nor a location');
    await expect(gallery.add([{ id: 'url', location: 'http://127.0.0.1/a.jpg' }])).rejects.toThrow('URLs are not fetched unless');
    expect(await gallery.count()).toBe(before);
    const left = (await readdir(at('live', '.limn', 'uploads'), { recursive: true })).filter((name) => /\.\w+$/.test(name));
    expect(left).toEqual([]);
    await gallery.close();
  });

  it('keep the file of a picture that the store may have written before it broke', async () => {
    const gallery = await Gallery.open(at('live-gallery'), { model });
    const { store } = gallery as unknown as { store: GalleryStore };
    const upsert = store.upsert.bind(store);
    const bytes = await imageBytes(92);
    const broken = new LimnError('STORE', 'The connection ended before the answer came.');
    store.upsert = async (items) => {
      await upsert(items);
      throw broken;
    };
    await expect(gallery.add([{ id: 'written', bytes }])).rejects.toBe(broken);
    expect(Buffer.from((await gallery.image('written')) as Uint8Array)).toEqual(bytes);
    // The same call again finds it unchanged, and takes its file away with it in the end.
    store.upsert = upsert;
    expect(await gallery.add([{ id: 'written', bytes }])).toMatchObject([{ id: 'written' }]);
    expect(await gallery.remove(['written'])).toBe(1);
    const left = (await readdir(at('live', '.limn', 'uploads'), { recursive: true })).filter((name) => /\.\w+$/.test(name));
    expect(left).toEqual([]);
    await gallery.close();
  });

  it('see changes by others when they are brought up to date', async () => {
    const gallery = await Gallery.open(at('live-gallery'), { model });
    await drawImage(at('live', 'p00.jpg'), 99);
    await drawImage(at('live', 'zz.jpg'), 98);
    // p05 was pruned, p06 removed, and its file is still there.
    expect(await gallery.update()).toMatchObject({ added: 2, replaced: 1, removed: 0 });
    expect(await idsOf(gallery)).toContain('zz.jpg');
    await gallery.close();
  });
});
