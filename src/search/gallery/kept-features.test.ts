/** Features of a gallery's images that were kept when they were indexed, against the same searches that compute them. */
import { closeSync, existsSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { limnHome } from '../../core/files.js';
import { defineEncoder, encoders } from '../../models/encoders/image/define-encoder.js';
import { readImage } from '../../models/encoders/image/image.js';
import { fakeEncoder } from '../../models/encoders/testing/fake-encoder.js';
import { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { Embedder } from './embedder.js';
import { Gallery } from './gallery.js';
import { immediately } from './in-turn.js';
import { KeptFeatures } from './kept-features.js';
import type { SearchRequest } from './search-types.js';
import { imageBytes, type TinyFolder, tinyFolder } from './testing/tiny-gallery.js';
import { saveTinyModel } from './testing/tiny-model.js';

const count = 6;
const encoder = fakeEncoder();
const definition = defineEncoder({ id: 'kept-features', open: async () => encoder });
let folder: TinyFolder;
let model: RetrievalModel;
let location: string;
const at = (...parts: string[]) => folder.at(...parts);
const cache = () => limnHome('features', model.parts.encoder.id);
const open = () => Gallery.open(location, { model });

const byId: SearchRequest = { references: [{ id: 'p03.jpg' }], texts: ['with short sleeves'], k: count };
const withPart: SearchRequest = {
  ...byId,
  references: [{ id: 'p03.jpg', box: { left: 0.1, top: 0.1, width: 0.6, height: 0.8 } }],
};

/** A search's answer, and how many images were encoded for it, in a gallery that has just been opened. */
async function asked(request: SearchRequest) {
  const gallery = await open();
  try {
    // What opening the encoder takes.
    await gallery.search({ references: [{ bytes: await imageBytes(99) }] });
    const before = encoder.encoded;
    const answer = await gallery.search(request);
    return { answer, encoded: encoder.encoded - before };
  } finally {
    await gallery.close();
  }
}

/** The plain way: nothing was kept. */
async function computed(request: SearchRequest) {
  vi.stubEnv('LIMN_GALLERY_FEATURES', '0');
  const made = await asked(request);
  vi.unstubAllEnvs();
  expect(made.encoded).toBe(1);
  return made.answer;
}

async function index() {
  const gallery = await Gallery.create({ model, images: at('pictures'), out: location, replace: true });
  await gallery.close();
  return gallery.report;
}

beforeAll(async () => {
  folder = await tinyFolder(count);
  location = `memory:${at('gallery')}`;
  encoders.add(definition);
  const reader = await ImageEncoderRuntime.defined(definition);
  const drawn = [0, 1, 2].map((i) => new Uint8Array(16 * 16 * 3).map((_, j) => (j * (i + 3)) % 256));
  const buffers = (await reader.encode(drawn, ['0', '1', '2'])).statistics([0, 1, 2]);
  await saveTinyModel(at('featured'), 1, { image: reader.config }, {}, { encoder: reader.identity, buffers });
  model = await RetrievalModel.open(at('featured'));
  await index();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await model.close();
  await folder.remove();
});

it('are read by a query about an image of the gallery, also in another process: it encodes nothing and finds the same', async () => {
  expect(await asked(byId)).toEqual({ answer: await computed(byId), encoded: 0 });
  const gallery = await open();
  const { decoded } = await gallery.decodeAhead(byId, immediately);
  expect(decoded?.size).toBe(0);
  await gallery.close();
});

it('are not those of a part of the image, nor of a file with other content', async () => {
  expect(await asked(withPart)).toEqual({ answer: await computed(withPart), encoded: 1 });
  const upload = { references: [{ bytes: await imageBytes(50) }], texts: ['in red'], k: count };
  expect(await asked(upload)).toEqual({ answer: await computed(upload), encoded: 1 });
});

it('are computed again where they are damaged, cut short or gone', async () => {
  const plain = await computed(byId);
  const [data] = readdirSync(cache()).filter((file) => file.endsWith('.data'));
  const path = join(cache(), data as string);
  const file = openSync(path, 'r+');
  const byte = new Uint8Array(1);
  for (let place = 5; readSync(file, byte, 0, 1, place) === 1; place += 11) {
    writeSync(file, new Uint8Array([(byte[0] as number) ^ 0x21]), 0, 1, place);
  }
  closeSync(file);
  expect(await asked(byId)).toEqual({ answer: plain, encoded: 1 });
  rmSync(path);
  expect(await asked(byId)).toEqual({ answer: plain, encoded: 1 });
  rmSync(cache(), { recursive: true });
  expect(await asked(byId)).toEqual({ answer: plain, encoded: 1 });
  await index();
  expect(await asked(byId)).toEqual({ answer: plain, encoded: 0 });
});

it('are kept up to a number of MiB, and the report says of how many images they are not', async () => {
  rmSync(cache(), { recursive: true });
  // A record has 60 bytes.
  vi.stubEnv('LIMN_GALLERY_FEATURES', String(150 / 2 ** 20));
  const { added, notes } = await index();
  expect(added).toBe(count);
  expect(notes).toContainEqual(expect.stringMatching(/^The features of 4 images were not kept, .*LIMN_GALLERY_FEATURES\.$/));
  vi.stubEnv('LIMN_GALLERY_FEATURES', '0');
  rmSync(cache(), { recursive: true });
  expect((await index()).notes).toEqual([]);
  expect(existsSync(cache())).toBe(false);
  vi.stubEnv('LIMN_GALLERY_FEATURES', 'all');
  await expect(open()).rejects.toThrow('LIMN_GALLERY_FEATURES is "all"');
});

it('are not kept on a disk that is nearly full, nor by models whose images have none', async () => {
  rmSync(cache(), { recursive: true, force: true });
  const kept = KeptFeatures.of(model, { freeShare: async () => 0.05 }) as KeptFeatures;
  const embedder = new Embedder(model, { kept });
  const decoded = await embedder.decode(await readImage(at('pictures', 'p00.jpg')), 'p00');
  const content = 'a'.repeat(64);
  await embedder.targets([decoded], { contents: [content] });
  expect(kept.notes()).toEqual([expect.stringContaining('less than 10 % of the disk')]);
  expect(kept.notes()).toEqual([]);
  expect(await kept.has(content)).toBe(false);
  expect(await kept.read(content)).toBeUndefined();
  await kept.close();
  await embedder.close();
  expect(KeptFeatures.of(folder.model)).toBeUndefined();
});
