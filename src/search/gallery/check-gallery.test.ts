import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { damagesOf } from '../../core/testing/damage.js';
import { LanceStore } from '../store/lancedb/lancedb-store.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { EmbeddedItem } from '../store/store.js';
import { infoOf, itemsOf } from '../store/testing/items.js';
import { checkGallery } from './check-gallery.js';

let root: string;
let made = 0;
const folder = () => join(root, String(made++));
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-check-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

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

it('says that there is no gallery', async () => {
  await expect(checkGallery(folder())).rejects.toMatchObject({ code: 'GALLERY', message: expect.stringContaining('no gallery') });
});
