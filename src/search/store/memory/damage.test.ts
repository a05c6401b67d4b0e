import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LimnError } from '../../../core/errors.js';
import { damagesOf } from '../../../core/testing/damage.js';
import type { EmbeddedItem } from '../store.js';
import { infoOf, itemOf, itemsOf } from '../testing/items.js';
import { MemoryStore } from './memory-store.js';

let root: string;
let made = 0;
const folder = () => join(root, String(made++));
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-damage-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** All that a gallery gives, or the error. */
async function contentOf(path: string): Promise<unknown> {
  try {
    const store = await MemoryStore.open(path);
    try {
      const items = await store.list({ limit: 1000 });
      return { items, vectors: await store.vectors(items.map(({ id }) => id)) };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!LimnError.isInstance(error)) throw error;
    return error;
  }
}

const expected = (items: readonly EmbeddedItem[]) => ({
  items: items.map(({ id, content, location, metadata }) => ({ id, content, location, metadata })),
  vectors: items.map(({ matching, factors }) => ({ matching, factors })),
});

/** A gallery of some writes and a deletion. */
async function manyWrites(path: string): Promise<EmbeddedItem[]> {
  const items = itemsOf(12);
  const store = await MemoryStore.create(path, infoOf());
  await store.upsert(items.slice(0, 5));
  for (const item of items.slice(5)) await store.upsert([item]);
  await store.upsert([itemOf('gone', 1)]);
  await store.delete(['gone']);
  await store.close();
  return items;
}

describe('damage of a gallery in memory', () => {
  it.each(['gallery.json', 'items-0.log', 'items-0.ack'])(
    'is refused, whatever bit of %s is flipped and wherever it ends, and never changes an item',
    async (name) => {
      const whole = folder();
      const items = await manyWrites(whole);
      const bytes = await readFile(join(whole, name));
      let refused = 0;
      for (const damage of damagesOf(bytes, 5, { flips: 60, cuts: 20 })) {
        const path = folder();
        await cp(whole, path, { recursive: true });
        await writeFile(join(path, name), damage.bytes);
        const found = await contentOf(path);
        if (LimnError.isInstance(found)) {
          refused++;
          expect(found.message, damage.name).toContain(path);
          if (name === 'items-0.log') {
            expect(found.message, damage.name).toMatch(
              /items-0\.log is damaged at byte \d+: .* "limn gallery check .* --repair"/,
            );
          }
        } else expect(found, damage.name).toEqual(expected(items));
        await rm(path, { recursive: true });
      }
      // Of the acknowledgement two copies are kept, so that it outlives what hits one of them.
      expect(refused).toBeGreaterThanOrEqual({ 'gallery.json': 40, 'items-0.log': 70, 'items-0.ack': 1 }[name] as number);
    },
    60_000,
  );

  it('is refused in a gallery of an earlier version too, and no write makes it final', async () => {
    const path = folder();
    await manyWrites(path);
    await asBefore(path);
    const log = join(path, 'items-0.log');
    const bytes = await readFile(log);
    bytes[bytes.length - 3] = (bytes.at(-3) as number) ^ 1;
    await writeFile(log, bytes);
    expect(await contentOf(path)).toMatchObject({
      code: 'GALLERY',
      message: expect.stringMatching(/is damaged at byte \d+: the deletion of 1 item there/),
    });
    expect((await readFile(log)).equals(bytes)).toBe(true);
  });

  it('names the items that are affected', async () => {
    const path = folder();
    await manyWrites(path);
    const log = join(path, 'items-0.log');
    const bytes = await readFile(log);
    const at = bytes.indexOf('0007.jpg');
    // In the matching vector behind the text.
    bytes[at + 70] = (bytes[at + 70] as number) ^ 4;
    await writeFile(log, bytes);
    expect(await contentOf(path)).toMatchObject({
      message: expect.stringContaining('the write of 1 item there ("0007.jpg") does not fit its checksum'),
      details: { items: ['0007.jpg'], path: log },
    });
  });

  it('is told from a record that was taken away, or put in the place of another', async () => {
    const path = folder();
    const store = await MemoryStore.create(path, infoOf());
    const ends = [0];
    for (const item of [itemOf('a', 1), itemOf('b', 1), itemOf('c', 1)]) {
      await store.upsert([item]);
      ends.push((await readFile(join(path, 'items-0.log'))).length);
    }
    await store.close();
    const bytes = await readFile(join(path, 'items-0.log'));
    const [a, b, c] = [0, 1, 2].map((i) => bytes.subarray(ends[i], ends[i + 1])) as [Buffer, Buffer, Buffer];
    for (const parts of [
      [a, c],
      [b, a, c],
      [a, c, b],
      [a, b, b],
    ]) {
      await writeFile(join(path, 'items-0.log'), Buffer.concat(parts));
      expect(await contentOf(path)).toMatchObject({ code: 'GALLERY', message: expect.stringContaining('acknowledged') });
    }
    await writeFile(join(path, 'items-0.log'), bytes);
    expect(await contentOf(path)).toEqual(expected([itemOf('a', 1), itemOf('b', 1), itemOf('c', 1)]));
  });
});

describe('a gallery of an earlier version', () => {
  it('is opened, and says from the first write on what was acknowledged', async () => {
    const path = folder();
    const items = await manyWrites(path);
    await asBefore(path);
    expect(await contentOf(path)).toEqual(expected(items));
    expect((await readdir(path)).sort()).toEqual(['gallery.json', 'items-0.log']);
    const store = await MemoryStore.open(path);
    await store.upsert([itemOf('z', 1)]);
    await store.close();
    expect((await readdir(path)).sort()).toEqual(['gallery.json', 'items-0.ack', 'items-0.log']);
    expect(await contentOf(path)).toEqual(expected([...items, itemOf('z', 1)]));
    const log = join(path, 'items-0.log');
    const bytes = await readFile(log);
    await writeFile(log, bytes.subarray(0, bytes.length - 1));
    expect(await contentOf(path)).toMatchObject({ message: expect.stringContaining('were acknowledged') });
  });
});

/** Takes from a gallery's folder what earlier versions did not write. */
async function asBefore(path: string): Promise<void> {
  const file = join(path, 'gallery.json');
  const { checksum, ...manifest } = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...manifest, format: 'limn-gallery-2' }));
  await rm(join(path, 'items-0.ack'));
}
