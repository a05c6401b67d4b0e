import { mkdtemp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import type { Embeddings } from '../../models/embeddings.js';
import type { GalleryInfo } from '../gallery-store.js';
import { readGallery, writeGallery } from './gallery-files.js';
import { MemoryGalleryStore } from './memory-store.js';

const gamma = 0.7;
const [width, factors, projection] = [12, 3, 5];
const folder = { relative: '..', absolute: '/models/a' };
const info: GalleryInfo = { model: { hash: 'abc', encoder: 'patch', folder }, images: folder, gamma, skipped: [] };

const embeddingsOf = (count: number, seed: number): Embeddings => {
  const random = new Random(seed);
  const rows = (n: number, length: number) => {
    const data = Float32Array.from({ length: n * length }, () => random.normal());
    for (let row = 0; row < n; row++) {
      const part = data.subarray(row * length, (row + 1) * length);
      const norm = Math.hypot(...part);
      part.forEach((value, i) => {
        part[i] = value / norm;
      });
    }
    return data;
  };
  const matching = rows(count, width);
  return { count, width, factors, projection, matching, factorVectors: rows(count * factors, projection) };
};
const itemsOf = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `${i}.jpg`, content: `c${i}` }));
const gallery = (count: number) => ({ info, items: itemsOf(count), embeddings: embeddingsOf(count, 1) });
const queryOf = (seed: number) => {
  const { matching, factorVectors } = embeddingsOf(1, seed);
  return { matching, factorVectors };
};

/** Every pair by nested loops: the whole order by the matching token, its head by the whole score. */
function plainSearch(store: Embeddings, query: ReturnType<typeof queryOf>, k: number, weights: number[], without: number[]) {
  const rows = [];
  for (let row = 0; row < store.count; row++) {
    let matching = 0;
    for (let i = 0; i < width; i++) matching += query.matching[i]! * store.matching[row * width + i]!;
    let score = matching;
    for (let f = 0; f < factors; f++)
      for (let i = 0; i < projection; i++) {
        const at = f * projection + i;
        score += gamma * weights[f]! * query.factorVectors[at]! * store.factorVectors[row * factors * projection + at]!;
      }
    if (!without.includes(row)) rows.push({ row, matching, score });
  }
  rows.sort((a, b) => b.matching - a.matching || a.row - b.row);
  const head = rows.slice(0, Math.max(k, 200));
  return head.sort((a, b) => b.score - a.score || a.row - b.row).slice(0, k);
}

const opened: MemoryGalleryStore[] = [];
const storeOf = (content: ReturnType<typeof gallery>) => {
  const store = new MemoryGalleryStore(content);
  opened.push(store);
  return store;
};
afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));

describe('MemoryGalleryStore', () => {
  it('finds what nested loops find, for several k, weights and exclusions', async () => {
    const content = gallery(700);
    const store = storeOf(content);
    const equal = [1 / 3, 1 / 3, 1 / 3];
    for (const [k, weights, without] of [
      [10, undefined, []],
      [1, [0, 2, -1], [5]],
      [320, undefined, [0, 1, 2, 3]],
      [700, [1, 0, 0], []],
    ] as const) {
      const query = queryOf(k + 10);
      const best = plainSearch(content.embeddings, query, 1, [...(weights ?? equal)], []).map(({ row }) => row);
      const excluded = [...without, ...best];
      const exclude = (item: { id: string }) => excluded.some((row) => item.id === `${row}.jpg`);
      const hits = await store.search({ ...query, k, weights, exclude });
      const expected = plainSearch(content.embeddings, query, k, [...(weights ?? equal)], excluded);
      expect(hits.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
      expect(hits.map(({ rank }) => rank)).toEqual(expected.map((_, i) => i + 1));
      for (const [i, hit] of hits.entries()) {
        expect(hit.score).toBeCloseTo(expected[i]!.score, 6);
        expect(hit.matching + hit.factors.reduce((a, b) => a + b, 0)).toBeCloseTo(hit.score, 6);
      }
    }
  });

  it('puts the lower row first where scores are equal', async () => {
    const content = gallery(40);
    const { matching, factorVectors } = content.embeddings;
    for (const row of [30, 17, 8]) {
      matching.copyWithin(row * width, 3 * width, 4 * width);
      factorVectors.copyWithin(row * factors * projection, 3 * factors * projection, 4 * factors * projection);
    }
    const query = {
      matching: matching.slice(3 * width, 4 * width),
      factorVectors: factorVectors.slice(3 * factors * projection, 4 * factors * projection),
    };
    const hits = await storeOf(content).search({ ...query, k: 4 });
    expect(hits.map(({ row }) => row)).toEqual([3, 8, 17, 30]);
  });

  it('names the size of the gallery when k is larger, and the number of factors when weights do not fit', async () => {
    const store = storeOf(gallery(5));
    await expect(store.search({ ...queryOf(2), k: 6 })).rejects.toThrow('k is 6, but the gallery has 5 pictures');
    await expect(store.search({ ...queryOf(2), k: 0 })).rejects.toThrow('k is 0; it must be a whole number from 1.');
    await expect(store.search({ ...queryOf(2), k: 1, weights: [1] })).rejects.toThrow('The model has 3 factors');
  });
});

describe('a gallery folder', () => {
  it('gives back what was written, in equal bytes each time, and keeps one file of vectors', async () => {
    const path = await mkdtemp(join(tmpdir(), 'limn-store-'));
    await writeGallery(path, { ...gallery(6), embeddings: embeddingsOf(6, 99) });
    await writeGallery(path, gallery(6));
    const names = (await readdir(path)).sort();
    const bytes = await Promise.all(names.map((name) => readFile(join(path, name))));
    expect(names).toHaveLength(2);
    await writeGallery(path, gallery(6));
    expect(await Promise.all((await readdir(path)).sort().map((name) => readFile(join(path, name))))).toEqual(bytes);
    expect(await readGallery(path)).toEqual(gallery(6));
  });

  it('is a clear error when it is absent, cut short or of another form', async () => {
    const path = await mkdtemp(join(tmpdir(), 'limn-store-'));
    await expect(readGallery(path)).rejects.toThrow(/There is no gallery in .*limn index --model/);
    await writeGallery(path, gallery(6));
    const vectors = (await readdir(path)).find((name) => name.startsWith('vectors'))!;
    const json = await readFile(join(path, 'gallery.json'), 'utf8');
    await writeFile(join(path, 'gallery.json'), json.slice(0, json.length / 2));
    await expect(readGallery(path)).rejects.toThrow(/is damaged: .*not valid JSON.*"limn index"/);
    await writeFile(join(path, 'gallery.json'), json.replace('"5.jpg"', '7'));
    await expect(readGallery(path)).rejects.toThrow(/wrong "items.5.id"/);
    await writeFile(join(path, 'gallery.json'), json);
    await truncate(join(path, vectors), 100);
    await expect(readGallery(path)).rejects.toThrow(/is damaged: .*cut short/);
  });
});
