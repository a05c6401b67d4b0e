import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@lancedb/lancedb';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { damagesOf } from '../../core/testing/damage.js';
import { LanceStore } from '../store/lancedb/lancedb-store.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import { createStore } from '../store/open-store.js';
import { pgLocation } from '../store/pgvector/location.js';
import type { EmbeddedItem } from '../store/store.js';
import { infoOf, itemsOf } from '../store/testing/items.js';
import { type PgServer, startPg } from '../store/testing/pg-server.js';
import { checkGallery } from './check-gallery.js';

let root: string;
let server: PgServer;
let made = 0;
const folder = () => join(root, String(made++));
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-check-'));
  server = await startPg();
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

async function gallery(items: readonly EmbeddedItem[] = itemsOf(9)): Promise<string> {
  const path = folder();
  const store = await MemoryStore.create(path, infoOf());
  await store.upsert(items.slice(0, 4));
  for (const item of items.slice(4)) await store.upsert([item]);
  await store.close();
  return path;
}

async function idsOf(path: string): Promise<string[]> {
  const store = await MemoryStore.open(path);
  const ids = (await store.list({ limit: 1000 })).map(({ id }) => id);
  await store.close();
  return ids;
}

it('finds a gallery sound, in memory and in LanceDB, and says what is not where it was', async () => {
  const path = await gallery();
  const lance = `lancedb:${folder()}`;
  const store = await LanceStore.create(lance, infoOf());
  await store.upsert(itemsOf(9));
  await store.close();
  for (const location of [path, lance]) {
    expect(await checkGallery(location)).toMatchObject({ sound: true, items: 9, problems: [], repaired: [] });
  }
  expect((await checkGallery(path)).notes.join()).toContain('9 pictures are not where they were');
});

it('finds every flipped bit of the log, names the items, and keeps all others when it repairs', async () => {
  const whole = await gallery();
  const bytes = await readFile(join(whole, 'items-0.log'));
  const ids = await idsOf(whole);
  for (const damage of damagesOf(bytes, 9, { flips: 25, cuts: 5 })) {
    const path = folder();
    await cp(whole, path, { recursive: true });
    await writeFile(join(path, 'items-0.log'), damage.bytes);
    const found = await checkGallery(path);
    expect(found, damage.name).toMatchObject({ sound: false, problems: [{ file: join(path, 'items-0.log') }] });
    expect(found.problems[0]?.repair).toContain('--repair');
    const repaired = await checkGallery(path, { repair: true });
    expect(repaired, damage.name).toMatchObject({ sound: true, problems: [], repaired: [expect.stringContaining('limn index')] });
    const left = await idsOf(path);
    expect(ids).toEqual(expect.arrayContaining(left));
    // One write was hit, of 4 items at most; a file that is cut has lost all behind that.
    if (damage.name.includes('flipped')) expect(left.length).toBeGreaterThanOrEqual(5);
    const [kept] = (await readdir(path)).filter((name) => /^items-0\.log\.\d+\.damaged$/.test(name));
    expect((await readFile(join(path, kept as string))).equals(damage.bytes)).toBe(true);
    expect((await checkGallery(path)).sound).toBe(true);
    await rm(path, { recursive: true });
  }
});

it('compares added pictures with their content, and finds vectors and facts that are damaged', async () => {
  const images = folder();
  const location = '.limn/uploads/aa/x.jpg';
  const bytes = Buffer.from('a picture');
  const [first, second] = itemsOf(2) as [EmbeddedItem, EmbeddedItem];
  const path = await gallery([{ ...first, location, content: sha256(bytes) }, second]);
  const gone = await checkGallery(path, { images });
  expect(gone.problems).toMatchObject([{ what: expect.stringContaining('is gone'), items: [first.id] }]);
  await writeFileAtomic(join(images, location), bytes);
  expect((await checkGallery(path, { images })).sound).toBe(true);
  await writeFile(join(images, location), 'a Picture');
  expect((await checkGallery(path, { images })).problems).toMatchObject([{ what: expect.stringContaining('is damaged') }]);
  await writeFile(join(images, location), bytes);
  await writeFile(join(path, 'facts.json'), '{"format": "limn-facts-1", "checksum": "00000000"}');
  expect((await checkGallery(path, { images })).problems).toMatchObject([{ file: join(path, 'facts.json') }]);
  expect(await checkGallery(path, { images, repair: true })).toMatchObject({ sound: true, repaired: [expect.anything()] });
});

/** A gallery of nine items whose fourth has a vector that no model gives. */
const damagedVector: [name: string, make: () => Promise<string>][] = [
  [
    'LanceDB',
    async () => {
      const path = folder();
      await fill(`lancedb:${path}`);
      const connection = await connect(path);
      const table = await connection.openTable('gallery');
      const row = (await table.query().where("id = '0003.jpg'").toArray())[0].toJSON();
      const vectors = [...row.vectors].map((value, i) => (i === 2 ? 2 * value + 1 : value));
      await table.update({ where: "id = '0003.jpg'", valuesSql: { vectors: `[${vectors.join(', ')}]` } });
      table.close();
      connection.close();
      return `lancedb:${path}`;
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const location = server.location('damaged');
      await fill(location);
      const pool = new pg.Pool({ connectionString: pgLocation(location).connectionString, max: 1 });
      const { rowCount } = await pool.query("UPDATE limn.items SET factors = set_byte(factors, 3, 255) WHERE id = '0003.jpg'");
      expect(rowCount).toBe(1);
      await pool.end();
      return location;
    },
  ],
];

async function fill(location: string): Promise<void> {
  const store = await createStore(location, infoOf());
  await store.upsert(itemsOf(9));
  await store.close();
}

it.each(damagedVector)('finds a damaged vector in %s, and removes its item alone when it repairs', async (_, make) => {
  const location = await make();
  const found = await checkGallery(location);
  expect(found).toMatchObject({ sound: false, items: 9, problems: [{ items: ['0003.jpg'] }] });
  expect(found.problems[0]?.what).toContain('"0003.jpg"');
  const repaired = await checkGallery(location, { repair: true });
  expect(repaired).toMatchObject({
    sound: true,
    problems: [],
    repaired: [expect.stringMatching(/^Removed.*: 1 of 9 items.*"0003\.jpg".*limn index/)],
  });
  expect(await checkGallery(location)).toMatchObject({ sound: true, items: 8 });
});

it('finds damaged files of LanceDB, and throws for a server that does not answer', async () => {
  const path = folder();
  await fill(`lancedb:${path}`);
  const data = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.lance') && name.includes('data'));
  expect(data.length).toBeGreaterThan(0);
  for (const name of data) await writeFile(join(path, name), (await readFile(join(path, name))).subarray(0, 100));
  expect(await checkGallery(`lancedb:${path}`)).toMatchObject({
    sound: false,
    problems: [{ repair: expect.stringContaining('--replace') }],
  });
  const location = server.location('away');
  await fill(location);
  await server.drop();
  await expect(checkGallery(location)).rejects.toMatchObject({ code: 'STORE' });
  await server.listen();
  expect(await checkGallery(location)).toMatchObject({ sound: true, items: 9 });
});

it('says that there is no gallery', async () => {
  await expect(checkGallery(folder())).rejects.toMatchObject({ code: 'GALLERY', message: expect.stringContaining('no gallery') });
});
