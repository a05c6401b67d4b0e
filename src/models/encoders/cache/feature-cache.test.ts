import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../core/progress.js';
import { fromFloat16, toFloat16 } from '../../../engine/tensor/float16.js';
import { decodeImage } from '../image/image.js';
import { fakeEncoder } from '../testing/fake-encoder.js';
import { type FeatureTable, openFeatures } from './feature-cache.js';
import type { ImageCacheOptions } from './image-cache.js';
import { openPixels } from './pixel-table.js';

const root = mkdtempSync(join(tmpdir(), 'limn-features-'));
const imageFolder = join(root, 'pictures');
const memoFile = join(root, 'memo.ndjson');
const count = 40;
let images: { id: string; path: string }[];
let directory: string;
let caches = 0;

beforeAll(async () => {
  mkdirSync(imageFolder);
  for (let i = 0; i < count; i++) {
    const noise = { type: 'gaussian', mean: (i * 6) % 256, sigma: 30 } as const;
    await sharp({ create: { width: 40, height: 30, channels: 3, background: '#000000', noise } })
      .png()
      .toFile(join(imageFolder, `${String(i).padStart(3, '0')}.png`));
  }
  images = readdirSync(imageFolder)
    .sort()
    .map((file) => ({ id: file, path: join(imageFolder, file) }));
});
beforeEach(() => {
  directory = join(root, `cache-${caches++}`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function open(options: Partial<ImageCacheOptions> = {}, encoder = fakeEncoder()) {
  return { encoder, table: await openFeatures({ encoder, images, directory, memoFile, batchSize: 4, ...options }) };
}

function everything(table: FeatureTable, rows = Array.from({ length: table.count }, (_, i) => i)) {
  const local = new Uint16Array(rows.length * 24);
  const global = new Uint16Array(rows.length * 6);
  table.gather(rows, local, global);
  return { local, global };
}

/** The plain way: one picture after the other, nothing kept. */
async function reference(paths = images.map(({ path }) => path)) {
  const encoder = fakeEncoder();
  const features = await encoder.encode(await Promise.all(paths.map((path) => decodeImage(path, encoder.image))));
  return { local: toFloat16(features.local), global: toFloat16(features.global) };
}

const indexFiles = () => readdirSync(directory).filter((file) => file.endsWith('.index'));
const dataFiles = () => readdirSync(directory).filter((file) => file.endsWith('.data'));

describe('openFeatures', () => {
  it('gives what encoding one by one gives, and computes nothing twice', async () => {
    const events: ProgressEvent[] = [];
    const first = await open({ onProgress: (event) => events.push(event) });
    expect(everything(first.table)).toEqual(await reference());
    expect(first.encoder.encoded).toBe(count);
    expect(events.at(-1)).toMatchObject({ stage: 'encode pictures', done: count, total: count });
    expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).sort((a, b) => a - b));
    await first.table.close();
    const second = await open();
    expect(second.encoder.encoded).toBe(0);
    expect(everything(second.table)).toEqual(await reference());
    await second.table.close();
  });

  it('gathers any rows, repeated and in any order', async () => {
    const { table } = await open();
    const rows = [7, 8, 9, 3, 3, 39, 0, 1, 9, 8];
    expect(everything(table, rows)).toEqual(await reference(rows.map((row) => (images[row] as { path: string }).path)));
    expect(table.rowOf('008.png')).toBe(8);
    expect(table.rowOf('nothing')).toBeUndefined();
    expect(() => everything(table, [40])).toThrow('There is no row 40: the table has 40 rows.');
    expect(() => table.gather([0, 1], new Uint16Array(24), new Uint16Array(12))).toThrow('The local target has 24 elements');
    await table.close();
  });

  it('knows pictures by content: copies are encoded once, a changed file again', async () => {
    const changing = join(root, 'changing.png');
    const twin = join(root, 'twin.png');
    const [a, b] = [images[0]?.path as string, images[1]?.path as string];
    copyFileSync(a, changing);
    copyFileSync(a, twin);
    const list = [
      { id: 'x', path: changing },
      { id: 'y', path: twin },
    ];
    const first = await open({ images: list });
    expect(first.encoder.encoded).toBe(1);
    expect(everything(first.table)).toEqual(await reference([a, a]));
    await first.table.close();
    copyFileSync(b, changing);
    const second = await open({ images: list });
    expect(second.encoder.encoded).toBe(1);
    expect(everything(second.table)).toEqual(await reference([b, a]));
    await second.table.close();
  });

  it('goes on where an interrupted run stopped', async () => {
    const controller = new AbortController();
    const stopped = open({
      signal: controller.signal,
      onProgress: ({ done }) => done >= 8 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const { table, encoder } = await open();
    expect(encoder.encoded).toBeLessThanOrEqual(count - 8);
    expect(encoder.encoded).toBeGreaterThan(0);
    expect(everything(table)).toEqual(await reference());
    await table.close();
    expect(indexFiles().length).toBe(1);
  });

  it('ignores and then cuts off what a crash left behind', async () => {
    await (await open({ images: images.slice(0, 8) })).table.close();
    const [index, data] = [join(directory, indexFiles()[0] as string), join(directory, dataFiles()[0] as string)];
    appendFileSync(data, Buffer.alloc(77, 1));
    appendFileSync(index, Buffer.alloc(50));
    const second = await open({ images: images.slice(0, 12) });
    expect(second.encoder.encoded).toBe(4);
    await second.table.close();
    truncateSync(data, 60 * 10 + 5);
    const third = await open();
    expect(third.encoder.encoded).toBe(count - 10);
    expect(everything(third.table)).toEqual(await reference());
    await third.table.close();
  });

  it('names a broken picture, or leaves it out and lists it', async () => {
    const path = join(root, 'broken.jpg');
    writeFileSync(path, 'words');
    const list = [...images.slice(0, 5), { id: 'broken', path }, { id: 'gone', path: '/nowhere.png' }, ...images.slice(5)];
    await expect(open({ images: list })).rejects.toMatchObject({ code: 'IMAGE', message: expect.stringContaining(path) });
    const { table } = await open({ images: list, onBroken: 'skip' });
    expect(table.broken.map(({ id }) => id)).toEqual(['broken', 'gone']);
    expect(table.broken[0]?.reason).toContain(`${path} is not a picture`);
    expect(table.ids).toEqual(images.map(({ id }) => id));
    expect(everything(table)).toEqual(await reference());
    await table.close();
    await expect(open({ images: [{ id: 'broken', path }], onBroken: 'skip' })).rejects.toThrow(
      'None of the 1 pictures can be read.',
    );
  });

  it('refuses an empty list, an id that comes twice, numbers that are not finite, a foreign folder', async () => {
    await expect(open({ images: [] })).rejects.toThrow('There are no pictures.');
    await expect(open({ images: [...images, { id: '003.png', path: '' }] })).rejects.toThrow(
      'The picture id 003.png is in the list twice.',
    );
    const nan = {
      ...fakeEncoder(),
      encode: async () => ({ local: new Float32Array(96).fill(Number.NaN), global: new Float32Array(24) }),
    };
    await expect(open({ images: images.slice(0, 4) }, nan)).rejects.toMatchObject({ code: 'NOT_FINITE' });
    await (await open()).table.close();
    await expect(open({}, { ...fakeEncoder(), global: { channels: 7 } })).rejects.toThrow(
      'Delete that folder; it is created again.',
    );
  });

  describe('with several processes', () => {
    const script = fileURLToPath(new URL('../testing/fill-cache.ts', import.meta.url));
    const start = (pauseMs: number): ChildProcess =>
      spawn(process.execPath, ['--import', 'tsx', script, imageFolder, directory, memoFile, String(pauseMs)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });

    it('continues after kill -9 and ends with the same bytes', async () => {
      const child = start(30);
      await new Promise<void>((resolve) =>
        child.stdout?.on('data', (text) => Number(String(text).trim().split('\n').at(-1)) >= 12 && resolve()),
      );
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { table, encoder } = await open();
      expect(encoder.encoded).toBeLessThanOrEqual(count - 12);
      expect(encoder.encoded).toBeGreaterThan(0);
      expect(everything(table)).toEqual(await reference());
      await table.close();
      expect(indexFiles()).toEqual([expect.stringMatching(/\.free\.index$/)]);
    });

    it('lets processes fill one cache at the same time', async () => {
      const codes = await Promise.all([start(5), start(9), start(1)].map(async (child) => (await once(child, 'exit'))[0]));
      expect(codes).toEqual([0, 0, 0]);
      const { table, encoder } = await open();
      expect(encoder.encoded).toBe(0);
      expect(everything(table)).toEqual(await reference());
      await table.close();
    });
  });
});

describe('openPixels', () => {
  it('gives what decoding gives, from memory, and from disk the second time', async () => {
    const options = { images, directory, memoFile, size: 20, fit: 'fill' } as const;
    for (let time = 0; time < 2; time++) {
      const table = await openPixels(options);
      const rows = [5, 39, 5, 0];
      const out = new Uint8Array(rows.length * 1200);
      table.gather(rows, out);
      for (const [i, row] of rows.entries()) {
        const plain = await decodeImage((images[row] as { path: string }).path, options);
        expect(out.subarray(i * 1200, (i + 1) * 1200)).toEqual(new Uint8Array(plain));
      }
      expect(table.rowOf('005.png')).toBe(5);
      expect(() => table.gather([-1], out)).toThrow('There is no row -1');
      expect(() => table.gather([0], new Uint8Array(3))).toThrow('The target has 3 bytes and needs 1200.');
    }
  });
});

it('keeps float16 features within half a thousandth', async () => {
  const { table } = await open();
  const encoder = fakeEncoder();
  const exact = await encoder.encode([await decodeImage(images[11]?.path as string, encoder.image)]);
  const kept = fromFloat16(everything(table, [11]).local);
  kept.forEach((value, i) => {
    expect(Math.abs(value - (exact.local[i] as number))).toBeLessThan(5e-4);
  });
  await table.close();
});
