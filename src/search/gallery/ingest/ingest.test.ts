import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContentMemo } from '../../../models/encoders/cache/content-memo.js';
import { openStore } from '../../store/open-store.js';
import type { GalleryStore } from '../../store/store.js';
import { Embedder } from '../embedder.js';
import { Gallery } from '../gallery.js';
import { ImageFiles } from '../image-files.js';
import { drawImage, imageBytes, type TinyFolder, tinyFolder } from '../testing/tiny-gallery.js';
import type { ImageList } from './image-list.js';
import { ingest } from './ingest.js';

let folder: TinyFolder;
const at = (...parts: string[]) => folder.at(...parts);

beforeAll(async () => {
  folder = await tinyFolder(12);
});
afterAll(() => folder.remove());

/** How many pictures were decoded while `work` ran. */
async function decodedIn<T>(work: () => Promise<T>): Promise<{ result: T; decoded: number }> {
  const original = Embedder.prototype.decode;
  let decoded = 0;
  Embedder.prototype.decode = function (...args) {
    decoded++;
    return original.apply(this, args);
  };
  try {
    return { result: await work(), decoded };
  } finally {
    Embedder.prototype.decode = original;
  }
}

describe('a gallery that is brought up to date', () => {
  it('embeds long lists, which have an encoder of their own, as short ones', async () => {
    const { model } = folder;
    const images = Array.from({ length: 70 }, (_, i) => i);
    await mkdir(at('long'));
    await Promise.all(images.map((i) => drawImage(at('long', `${i}.jpg`), i)));
    const out = `memory:${at('long-gallery')}`;
    const gallery = await Gallery.create({ model, images: at('long'), out });
    expect(gallery.report.added).toBe(70);
    await gallery.close();
    const store = await openStore(out);
    const embedder = new Embedder(model);
    for (const i of [0, 33, 69]) {
      const bytes = await readFile(at('long', `${i}.jpg`));
      const [alone] = await embedder.targets([await embedder.decode(bytes, `${i}`)]);
      const [found] = await store.vectors([`${i}.jpg`]);
      for (const part of ['matching', 'factors'] as const) {
        found?.[part].forEach((value, at) => {
          expect(value).toBeCloseTo(alone?.[part][at] as number, 5);
        });
      }
    }
    await Promise.all([store.close(), embedder.close()]);
  });

  it('embeds what is new or changed alone, and deletes what is gone only when told to', async () => {
    const { model } = folder;
    await cp(at('pictures'), at('changing'), { recursive: true });
    const create = { model, images: at('changing'), out: `memory:${at('changing-gallery')}` };
    const first = await decodedIn(() => Gallery.create(create));
    expect([first.decoded, first.result.report.added]).toEqual([12, 12]);
    const gallery = first.result;
    const same = await decodedIn(() => gallery.update());
    expect([same.decoded, same.result]).toEqual([0, expect.objectContaining({ unchanged: 12, added: 0, replaced: 0 })]);

    const old = await gallery.search({ references: [{ id: 'p01.jpg' }], excludeReferences: false, k: 1 });
    await drawImage(at('changing', 'p01.jpg'), 60);
    await copyFile(at('changing', 'p02.jpg'), at('changing', 'new.jpg'));
    await rm(at('changing', 'p03.jpg'));
    // Another time with the same content is no change.
    await utimes(at('changing', 'p04.jpg'), new Date(), new Date(Date.now() - 3_600_000));
    const changed = await decodedIn(() => gallery.update());
    expect([changed.decoded, changed.result]).toEqual([
      2,
      expect.objectContaining({ unchanged: 10, added: 1, replaced: 1, removed: 0 }),
    ]);
    expect(await gallery.count()).toBe(13);
    const now = await gallery.search({ references: [{ id: 'p01.jpg' }], excludeReferences: false, k: 1 });
    expect(now.hits[0]).toMatchObject({ id: 'p01.jpg', matching: expect.closeTo(1, 5) });
    expect(now.hits[0]?.factors).not.toEqual(old.hits[0]?.factors);
    expect(await gallery.update({ prune: true })).toMatchObject({ unchanged: 12, removed: 1 });
    expect(await gallery.get('p03.jpg')).toBeUndefined();
    await gallery.close();
  });

  it('takes new metadata over without reading the pictures again', async () => {
    const { model } = folder;
    const list = at('pictures', 'list.csv');
    const write = (rows: string[]) => writeFile(list, ['id,path,colour,price', ...rows].join('\n'));
    await write(['a,p00.jpg,red,10', 'b,p01.jpg,blue,20.5', 'c,p02.jpg,,7']);
    const gallery = await Gallery.create({ model, list, out: `memory:${at('listed')}` });
    expect(gallery.images).toBe(at('pictures'));
    expect(await gallery.get('b')).toMatchObject({ location: 'p01.jpg', metadata: { colour: 'blue', price: 20.5 } });
    expect(await gallery.count('price < 15')).toBe(2);
    expect((await gallery.get('c'))?.metadata).toEqual({ price: 7 });
    await write(['a,p00.jpg,green,10', 'b,p01.jpg,blue,20.5', 'c,p02.jpg,,7']);
    const { result, decoded } = await decodedIn(() => gallery.update({ list }));
    expect([decoded, result]).toEqual([0, expect.objectContaining({ updated: 1, unchanged: 2 })]);
    expect(await gallery.count("colour = 'green'")).toBe(1);
    // Metadata from a file of its own, over those of the list.
    await writeFile(at('more.jsonl'), '{"id": "a", "colour": "black", "sale": true}\n\n{"id": "nobody", "sale": false}\n');
    expect(await gallery.update({ list, metadata: at('more.jsonl') })).toMatchObject({ updated: 1, unchanged: 2 });
    expect((await gallery.get('a'))?.metadata).toEqual({ colour: 'black', price: 10, sale: true });
    expect(await gallery.fields()).toEqual([
      { name: 'colour', type: 'string', values: ['black', 'blue'], counts: [1, 1] },
      { name: 'price', type: 'number', values: [7, 20.5] },
      { name: 'sale', type: 'boolean', values: [true], counts: [1] },
    ]);
    await gallery.close();
  });

  it('erases no metadata unless it is told to, says what fits and what is passed over, and searches say why they find nothing', async () => {
    const { model } = folder;
    await cp(at('pictures'), at('kept'), { recursive: true });
    await rm(at('kept', 'list.csv'), { force: true });
    await writeFile(at('kept', 'phone.heic'), 'x');
    const create = { model, images: at('kept'), out: `memory:${at('kept-gallery')}` };
    await writeFile(at('facts.csv'), 'path,colour,price\np00.jpg,red,10\np01.jpg,blue,n/a\n');
    const gallery = await Gallery.create({ ...create, metadata: at('facts.csv') });
    expect(gallery.report).toMatchObject({
      added: 12,
      passedOver: [{ kind: '.heic', count: 1, example: 'phone.heic' }],
      metadata: { rows: 2, matched: 2, examples: [] },
      notes: [expect.stringContaining('1 .heic'), expect.stringContaining('1 without a value: "n/a" (line 3)')],
    });
    // Forgotten, and then of ids that fit nothing.
    const forgotten = await gallery.update();
    expect(forgotten).toMatchObject({ unchanged: 12, updated: 0, kept: { pictures: 2, fields: ['colour', 'price'] } });
    expect(forgotten.notes.at(-1)).toMatch(/^2 pictures keep metadata .* \(colour, price\)\. .*--replace-metadata/);
    await writeFile(at('facts.csv'), 'path,colour\nP00.JPG,green\nP01.JPG,green\n');
    const other = await gallery.update({ metadata: at('facts.csv') });
    expect(other).toMatchObject({
      unchanged: 12,
      metadata: { rows: 2, matched: 0, reason: expect.stringContaining('differ in case') },
    });
    expect((await gallery.get('p00.jpg'))?.metadata).toEqual({ colour: 'red', price: 10 });
    await writeFile(at('facts.csv'), 'path,colour\np00.jpg,green\n');
    expect(await gallery.update({ metadata: at('facts.csv') })).toMatchObject({ updated: 1, unchanged: 11 });
    expect((await gallery.get('p00.jpg'))?.metadata).toEqual({ colour: 'green', price: 10 });

    const notesOn = async (filter: string, offset = 0) => {
      const request = { texts: ['red'], filter, offset };
      return gallery.notesOn(request, await gallery.search(request));
    };
    expect(await notesOn("color = 'red'")).toEqual([
      '0 of 12 pictures match the filter; there is no field color, did you mean colour?',
    ]);
    expect(await notesOn("not color = 'red'")).toEqual(['There is no field color, did you mean colour?']);
    expect(await notesOn('colour < 3')).toEqual([
      '0 of 12 pictures match the filter; the field colour is of texts, which no number compares with.',
    ]);
    expect(await notesOn('price < 50')).toEqual([]);
    expect(await notesOn('price < 50', 500)).toEqual(['1 of 12 pictures match the filter; the offset 500 passes over all hits.']);
    expect(await notesOn('', 500)).toEqual(['The gallery has 12 pictures; the offset 500 passes over all hits.']);

    expect(await gallery.update({ replaceMetadata: true })).toMatchObject({ updated: 2, kept: { pictures: 0, fields: [] } });
    expect((await gallery.get('p00.jpg'))?.metadata).toEqual({});
    await gallery.close();
  });

  it('reads files that look unchanged where that is asked for', async () => {
    const { model } = folder;
    await cp(at('pictures'), at('verified'), { recursive: true });
    const gallery = await Gallery.create({ model, images: at('verified'), out: `memory:${at('verified-gallery')}` });
    const original = ContentMemo.prototype.get;
    // A memo that takes every file for the one that it knows, as where the file system keeps no time of change.
    const content = (await gallery.get('p00.jpg'))?.content as string;
    ContentMemo.prototype.get = () => content;
    try {
      expect(await gallery.update({ verify: true })).toMatchObject({ unchanged: 12 });
      await drawImage(at('verified', 'p00.jpg'), 90);
      expect(await gallery.update({ verify: true })).toMatchObject({ unchanged: 11, replaced: 1 });
    } finally {
      ContentMemo.prototype.get = original;
      await gallery.close();
    }
  });

  it('goes on after a kill with what was not written', async () => {
    const count = 330;
    await drawImage(at('one.jpg'), 1);
    const source = await readFile(at('one.jpg'));
    await cp(at('pictures'), at('many'), { recursive: true });
    // Bytes behind a JPEG's end make other files of the same picture.
    for (let i = 0; i < count - 12; i++)
      await writeFile(at('many', `q${i}.jpg`), Buffer.concat([source, Buffer.from(String(i))]));
    const dist = (path: string) => pathToFileURL(resolve(import.meta.dirname, '../../../../dist', path)).href;
    const program = `
      import { Gallery } from '${dist('search/gallery/gallery.js')}';
      import { RetrievalModel } from '${dist('models/retrieval/retrieval-model.js')}';
      const model = await RetrievalModel.open(${JSON.stringify(at('model'))});
      const onProgress = ({ done }) => { if (done > 0) process.kill(process.pid, 'SIGKILL'); };
      await Gallery.create({ model, images: ${JSON.stringify(at('many'))}, out: ${JSON.stringify(`memory:${at('killed')}`)}, onProgress });`;
    await writeFile(at('killed.mjs'), program);
    const run = promisify(execFile)(process.execPath, [at('killed.mjs')]);
    const ended = await run.catch((error) => error);
    expect(ended, ended.stderr).toMatchObject({ signal: 'SIGKILL' });
    const half = await Gallery.open(`memory:${at('killed')}`, { model: folder.model });
    const written = await half.count();
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(count);
    await half.close();
    const rest = await decodedIn(() =>
      Gallery.create({ model: folder.model, images: at('many'), out: `memory:${at('killed')}` }),
    );
    expect([rest.decoded, rest.result.report]).toEqual([
      count - written,
      expect.objectContaining({ unchanged: written, added: count - written }),
    ]);
    expect(await rest.result.count()).toBe(count);
    await rest.result.close();
  });

  it('stops when told to, with what is written kept', async () => {
    const stop = new AbortController();
    const going = Gallery.create({
      model: folder.model,
      images: at('many'),
      out: `memory:${at('stopped')}`,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(going).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const gallery = await Gallery.open(`memory:${at('stopped')}`, { model: folder.model });
    const written = await gallery.count();
    await gallery.close();
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(330);
  });

  it('reads ahead of a slow store by a bounded number of pictures', async () => {
    const embedder = new Embedder(folder.model);
    let written = 0;
    const slow = {
      info: { sizes: { width: 16, factors: 3, projection: 8 } },
      get: async (ids: string[]) => ids.map(() => undefined),
      upsert: async (items: unknown[]) => {
        await setTimeout(400);
        written += items.length;
      },
      optimise: async () => {},
    } as unknown as GalleryStore;
    const total = 900;
    const bytes = await imageBytes(5);
    let most = 0;
    let decoded = 0;
    const list: ImageList = {
      total,
      *images() {
        for (let i = 0; i < total; i++) yield { id: `i${i}`, location: `i${i}`, metadata: {}, bytes };
      },
    };
    const decode = embedder.decode.bind(embedder);
    embedder.decode = async (...args) => {
      most = Math.max(most, ++decoded - written);
      return decode(...args);
    };
    await ingest({ store: slow, embedder, files: new ImageFiles(undefined, undefined) }, list);
    expect([decoded, written]).toEqual([total, total]);
    // A write of 256, another that is being filled, two batches of 32 that are embedded, one that is filled, and 16 read ahead.
    expect(most).toBeLessThanOrEqual(2 * 256 + 3 * 32 + 16 + 1);
    await embedder.close();
  });
});

describe('pictures behind URLs', () => {
  let server: Server;
  let base: string;
  let asked: string[] = [];
  let version = 1;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      asked.push(request.url ?? '');
      const seed = /^\/(\d)\.jpg$/.exec(request.url ?? '')?.[1];
      if (seed === undefined) response.writeHead(404).end();
      else response.end(await imageBytes(Number(seed) + 10 * version));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(
      at('urls.jsonl'),
      [1, 2, 3].map((i) => `${JSON.stringify({ url: `${base}/${i}.jpg`, id: `u${i}`, n: i })}\n`).join(''),
    );
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('are fetched only when allowed, once, and again when that is wanted', async () => {
    const { model } = folder;
    const create = { model, list: at('urls.jsonl'), out: `memory:${at('urls')}` };
    await expect(Gallery.create(create)).rejects.toThrow('URLs are not fetched unless that is allowed (--allow-urls)');
    // Allowed, but not to this address.
    await expect(Gallery.create({ ...create, urls: true })).rejects.toThrow('127.0.0.1 is not on the public internet');
    expect(asked).toEqual([]);
    const urls = { allowAddress: (address: string) => address === '127.0.0.1' };
    const gallery = await Gallery.create({ ...create, urls });
    expect(gallery.report.added).toBe(3);
    expect(await gallery.get('u2')).toMatchObject({ location: `${base}/2.jpg`, metadata: { n: 2 } });
    expect(Buffer.from((await gallery.image('u2')) as Uint8Array)).toEqual(await imageBytes(12));
    asked = [];
    expect(await gallery.update({ list: at('urls.jsonl') })).toMatchObject({ unchanged: 3 });
    expect(asked).toEqual([]);
    version = 2;
    expect(await gallery.update({ list: at('urls.jsonl'), refresh: true })).toMatchObject({ replaced: 3 });
    expect(asked.sort()).toEqual(['/1.jpg', '/2.jpg', '/3.jpg']);
    await writeFile(at('gone.csv'), `url\n${base}/1.jpg\n${base}/none.jpg\n`);
    const report = await gallery.update({ list: at('gone.csv'), onBroken: 'skip' });
    expect(report).toMatchObject({
      added: 1,
      skipped: [{ id: `${base}/none.jpg`, reason: expect.stringContaining('answered 404') }],
    });
    await gallery.close();
    expect(await readdir(at('urls'))).toContain('facts.json');
  });
});
