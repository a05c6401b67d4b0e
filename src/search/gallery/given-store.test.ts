/** Galleries over a store that the caller opened, and stores of plug-ins that are in no folder. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { defineStore } from '../store/define-store.js';
import { createStore, openStore, stores } from '../store/open-store.js';
import { Gallery } from './gallery.js';
import { localFolder } from './locations.js';
import { galleryInfo } from './make-gallery.js';
import { type TinyFolder, tinyFolder } from './testing/tiny-gallery.js';
import { saveTinyModel } from './testing/tiny-model.js';

let folder: TinyFolder;
beforeAll(async () => {
  folder = await tinyFolder(4);
});
afterAll(() => folder.remove());

const request = { references: [{ id: 'p01.jpg' }], texts: ['in red'], k: 2 };

it('indexes and searches as a gallery at a location does, and leaves the store to the caller', async () => {
  const { model, at } = folder;
  const images = at('pictures');
  const store = await createStore(`memory:${at('mine')}`, await galleryInfo({ model, images }));
  const gallery = await Gallery.create({ model, images, store });
  expect(gallery.report.added).toBe(4);
  const { hits } = await gallery.search(request);
  await gallery.close();
  expect(await store.count()).toBe(4);

  const again = await Gallery.open(store, { model });
  expect((await again.search(request)).hits).toEqual(hits);
  expect(again.images).toBe(images);
  await again.close();
  // The model is found where it was, too.
  const alone = await Gallery.open(store);
  expect((await alone.search(request)).hits).toEqual(hits);
  await alone.close();
  await store.close();

  const plain = await Gallery.create({ model, images, out: `memory:${at('plain')}` });
  expect((await plain.search(request)).hits).toEqual(hits);
  await plain.close();
});

it('refuses what is not one place, and a store of another model or other images', async () => {
  const { model, at } = folder;
  const images = at('pictures');
  const store = await createStore(`memory:${at('refusing')}`, await galleryInfo({ model, images }));
  await saveTinyModel(at('other'), 2);
  const other = await RetrievalModel.open(at('other'));
  for (const [options, message] of [
    [{ model, images }, /either `out` or an open `store`/],
    [{ model, images, store, out: at('x') }, /either `out` or an open `store`/],
    [{ model, images, store, replace: true }, /cannot be replaced/],
    [{ model: other, images, store }, /was indexed with another model/],
    [{ model, images: at('model'), files: ['config.json'], store }, /has its pictures in .*pictures, not in/],
  ] as const) {
    await expect(Gallery.create(options)).rejects.toThrow(message);
  }
  await expect(Gallery.open(store, { model: other })).rejects.toThrow(/was indexed with another model/);
  expect(await store.count()).toBe(0);
  await Promise.all([store.close(), other.close()]);
});

it('writes no files for a store that is in no folder', async () => {
  const { model, at } = folder;
  const location = (name: string) => `memory:${at(name.replace('heap-of:', 'heap-'))}`;
  stores.add(
    defineStore({
      id: 'heap-of',
      schemes: ['heap-of'],
      locations: 'heap-of:NAME',
      open: (name, options) => openStore(location(name), options),
      create: (name, info, options) => createStore(location(name), info, options),
    }),
  );
  expect(localFolder('heap-of:shirts')).toBeUndefined();
  const gallery = await Gallery.create({ model, images: at('pictures'), out: 'heap-of:shirts' });
  await gallery.close();
  const again = await Gallery.open('heap-of:shirts', { model });
  expect((await again.search(request)).hits).toHaveLength(2);
  await again.close();
  expect(existsSync('shirts')).toBe(false);
  expect(existsSync('heap-of:shirts')).toBe(false);
});
