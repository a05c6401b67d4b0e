import { spawn } from 'node:child_process';
import { cp, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GalleryStore } from '../store.js';
import { infoOf, itemOf, itemsOf, queryOf } from '../testing/items.js';
import { MemoryStore } from './memory-store.js';

let root: string;
let made = 0;
const opened: GalleryStore[] = [];
const keep = <S extends GalleryStore>(store: S): S => {
  opened.push(store);
  return store;
};
const folder = () => join(root, String(made++));
const idsOf = async (store: GalleryStore) => (await store.list({ limit: 1000 })).map(({ id }) => id);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-folder-'));
});
afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
afterAll(() => rm(root, { recursive: true, force: true }));

describe("a gallery's folder", () => {
  it.skipIf(process.platform !== 'linux')('says so where it cannot be made, also under /proc', async () => {
    const made = MemoryStore.create('/proc/limn/shop', infoOf());
    await expect(made).rejects.toMatchObject({ code: 'STORE', message: expect.stringContaining('/proc/limn/shop') });
  });

  it('has, cut off by a crash at any byte behind what was acknowledged, the writes that were whole, and takes up more', async () => {
    const whole = folder();
    const store = await MemoryStore.create(whole, infoOf());
    const log = join(whole, 'items-0.log');
    const ends: number[] = [];
    const acknowledgements = [await readFile(join(whole, 'items-0.ack'))];
    const written = async () => {
      ends.push((await stat(log)).size);
      acknowledgements.push(await readFile(join(whole, 'items-0.ack')));
    };
    for (const item of itemsOf(3)) {
      await store.upsert([item]);
      await written();
    }
    await store.delete(['0000.jpg']);
    await written();
    await store.close();
    const { size } = await stat(log);
    for (let cut = 0; cut <= size; cut += cut % 13 === 0 ? 31 : 7) {
      const path = folder();
      await cp(whole, path, { recursive: true });
      await truncate(join(path, 'items-0.log'), cut);
      const writes = ends.filter((end) => end <= cut).length;
      const expected = ['0000.jpg', '0001.jpg', '0002.jpg'].slice(writes === 4 ? 1 : 0, Math.min(writes, 3));
      if (writes < 4) {
        await writeFile(join(path, 'items-0.ack'), acknowledgements[writes + 1] as Buffer);
        await expect(MemoryStore.open(path)).rejects.toThrow(
          /is damaged at byte \d+: it ends there, and \d+ bytes were acknowledged/,
        );
      }
      await writeFile(join(path, 'items-0.ack'), acknowledgements[writes] as Buffer);
      const cutStore = keep(await MemoryStore.open(path));
      expect(await idsOf(cutStore)).toEqual(expected);
      await cutStore.upsert([itemOf('z', 1)]);
      await cutStore.close();
      expect(await idsOf(keep(await MemoryStore.open(path)))).toEqual([...expected, 'z']);
    }
    expect(await idsOf(keep(await MemoryStore.open(whole)))).toEqual(['0001.jpg', '0002.jpg']);
  });

  it('passes over a torn write and room that was never filled, but not over damage', async () => {
    const whole = folder();
    const store = await MemoryStore.create(whole, infoOf());
    await store.upsert(itemsOf(2));
    const first = (await stat(join(whole, 'items-0.log'))).size;
    const before = await readFile(join(whole, 'items-0.ack'));
    await store.upsert([itemOf('last', 1)]);
    await store.close();
    const { size } = await stat(join(whole, 'items-0.log'));
    const changed = async (change: (path: string) => Promise<void>, isAcknowledged = true) => {
      const path = folder();
      await cp(whole, path, { recursive: true });
      if (!isAcknowledged) await writeFile(join(path, 'items-0.ack'), before);
      await change(join(path, 'items-0.log'));
      return path;
    };
    const flip = (at: number) => async (path: string) => {
      const file = await open(path, 'r+');
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, at);
      await file.write(Buffer.of((byte[0] as number) ^ 0x10), 0, 1, at);
      await file.close();
    };
    for (const at of [first + 3, first + 60, size - 1]) {
      expect(await idsOf(keep(await MemoryStore.open(await changed(flip(at), false))))).toEqual(['0000.jpg', '0001.jpg']);
    }
    const blank = await changed((path) => truncate(path, size + 5000));
    expect(await idsOf(keep(await MemoryStore.open(blank)))).toEqual(['0000.jpg', '0001.jpg', 'last']);
    for (const at of [3, 20, 60, first + 5, first + 60, size - 1]) {
      const damaged = MemoryStore.open(await changed(flip(at)));
      await expect(damaged).rejects.toThrow(
        expect.objectContaining({ code: 'GALLERY', message: expect.stringMatching(/is damaged at byte \d+: /) }),
      );
    }
  });

  it('is compacted into equal bytes whatever the way, and keeps one log', async () => {
    const [one, other] = [folder(), folder()];
    const a = keep(await MemoryStore.create(one, infoOf()));
    await a.upsert(itemsOf(50));
    const before = (await stat(join(one, 'items-0.log'))).size;
    await a.upsert(itemsOf(50, 2));
    await a.delete(['0010.jpg']);
    await a.optimise();
    await a.optimise();
    const b = keep(await MemoryStore.create(other, infoOf()));
    for (const item of itemsOf(50, 2).reverse()) if (item.id !== '0010.jpg') await b.upsert([item]);
    await b.optimise();
    expect((await readdir(one)).sort()).toEqual(['gallery.json', 'items-1.ack', 'items-1.log', 'writer.lock']);
    const bytes = await readFile(join(one, 'items-1.log'));
    expect(bytes.length).toBeLessThan(before);
    expect(bytes.equals(await readFile(join(other, 'items-1.log')))).toBe(true);
    await a.close();
    expect(await readdir(one)).not.toContain('writer.lock');
  });

  it('is written by one at a time; another one waits, then goes on from what was written', async () => {
    const path = folder();
    const a = keep(await MemoryStore.create(path, infoOf()));
    await a.upsert(itemsOf(5));
    const b = keep(await MemoryStore.open(path));
    const refused = expect.objectContaining({
      code: 'STORE',
      message: expect.stringContaining('is being written by another process'),
    });
    await expect(b.upsert([itemOf('b', 1)])).rejects.toThrow(refused);
    await expect(b.delete(['0000.jpg'])).rejects.toThrow(refused);
    await expect(MemoryStore.create(path, infoOf(), { replace: true })).rejects.toThrow(refused);
    expect(await b.count()).toBe(5);
    await a.upsert([itemOf('a', 1)]);
    await a.close();
    await b.upsert([itemOf('b', 1)]);
    expect((await idsOf(b)).slice(-2)).toEqual(['a', 'b']);
    await b.close();
    // Also from a log that was compacted meanwhile.
    const c = keep(await MemoryStore.open(path));
    const d = keep(await MemoryStore.open(path));
    await d.delete(['a']);
    await d.optimise();
    await d.close();
    expect(await c.vectors(['0003.jpg'])).toEqual([{ matching: itemsOf(5)[3]!.matching, factors: itemsOf(5)[3]!.factors }]);
    await c.upsert([itemOf('c', 1)]);
    expect((await idsOf(c)).slice(-2)).toEqual(['b', 'c']);
    expect(await c.search({ vector: queryOf(1), limit: 100 })).toHaveLength(7);
  });

  it('holds every acknowledged item, and no half one, after its writer was killed', async () => {
    const path = folder();
    await (await MemoryStore.create(path, infoOf())).close();
    const module = (name: string) => JSON.stringify(new URL(`../../../../dist/search/store/${name}.js`, import.meta.url).href);
    const script = `
      import { MemoryStore } from ${module('memory/memory-store')};
      const store = await MemoryStore.open(${JSON.stringify(path)});
      const unit = (n) => Float32Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0));
      for (let i = 0; ; i++) {
        const items = ['a', 'b', 'c'].map((one) => ({
          id: one + String(i % 50).padStart(6, '0'), content: String(i), location: '', metadata: { i }, matching: unit(12), factors: unit(15),
        }));
        await store.upsert(items);
        process.stdout.write(i + '\\n');
        if (i % 20 === 19) await store.optimise();
      }`;
    let reached = -1;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let acknowledged = -1;
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (data: Buffer) => {
          acknowledged = Math.max(acknowledged, ...String(data).trim().split('\n').map(Number));
          if (acknowledged > 20 + 13 * round) child.kill('SIGKILL');
        });
        child.on('exit', () => resolve());
      });
      expect(acknowledged).toBeGreaterThan(20);
      const store = keep(await MemoryStore.open(path));
      const items = await store.list({ limit: 1000 });
      const last = Math.max(...items.map(({ metadata }) => metadata.i as number));
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      // The three of a write are there together.
      for (const { metadata } of items.filter(({ id }) => id.startsWith('a')))
        expect(items.filter((item) => item.metadata.i === metadata.i).length).toBe(3);
      await store.upsert([itemOf('z', 1)]);
      await store.delete(['z']);
      await store.close();
      reached = Math.max(reached, last);
    }
    expect(reached).toBeGreaterThan(20);
  });

  it('is tidied up of what a killed process left, unless another one writes', async () => {
    const path = folder();
    const a = await MemoryStore.create(path, infoOf());
    await a.upsert(itemsOf(5));
    const b = keep(await MemoryStore.open(path));
    const before = await readdir(path);
    await b.tidy();
    expect(await readdir(path)).toEqual(before);
    await a.close();
    await writeFile(join(path, 'items-7.log'), 'half');
    await writeFile(join(path, 'writer.lock'), '{"pid": 0}');
    await b.tidy();
    await b.close();
    expect((await readdir(path)).sort()).toEqual(['gallery.json', 'items-1.ack', 'items-1.log']);
    expect(await idsOf(keep(await MemoryStore.open(path)))).toHaveLength(5);
  });

  it('says what is wrong with its manifest', async () => {
    const path = folder();
    await (await MemoryStore.create(path, infoOf())).close();
    const file = join(path, 'gallery.json');
    const whole = await readFile(file, 'utf8');
    const text = whole.replace(/,\s*"checksum": "\w+"/, '');
    for (const [content, message] of [
      [text.slice(0, 50), /is damaged: .*not valid JSON.*"limn index"/],
      [whole.replace('"gamma": 0.7', '"gamma": 0.8'), /is damaged: .*does not fit its checksum/],
      [text.replace('limn-gallery-3', 'limn-gallery-1'), /has the form "limn-gallery-1"; this version reads "limn-gallery-3"/],
      [text.replace('items-0.log', '../items-0.log'), /is damaged; this version reads/],
      [text.replace('"width": 12', '"width": -1'), /wrong "sizes.width"/],
    ] as const) {
      await writeFile(file, content);
      await expect(MemoryStore.open(path)).rejects.toThrow(message);
    }
    await writeFile(file, text);
    await rm(join(path, 'items-0.log'));
    await expect(MemoryStore.open(path)).rejects.toThrow(expect.objectContaining({ code: 'STORE' }));
  });

  it('is usable again after a write failed', async () => {
    const path = folder();
    const store = keep(await MemoryStore.create(path, infoOf()));
    await store.upsert(itemsOf(3));
    const log = (store as unknown as { snapshot: { log: { handle: { write: unknown; datasync: unknown } } } }).snapshot.log;
    const { handle } = log;
    const full = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
    const datasync = handle.datasync;
    handle.datasync = full;
    await expect(store.upsert([itemOf('lost', 1)])).rejects.toThrow(
      expect.objectContaining({ code: 'STORE', message: expect.stringMatching(/ENOSPC.*free space/) }),
    );
    handle.datasync = datasync;
    expect(await store.get(['lost'])).toEqual([undefined]);
    await store.upsert([itemOf('kept', 1)]);
    expect((await idsOf(store)).at(-1)).toBe('kept');
    await store.close();
    expect(await idsOf(keep(await MemoryStore.open(path)))).toEqual(['0000.jpg', '0001.jpg', '0002.jpg', 'kept']);
  });
});
