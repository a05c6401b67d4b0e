/** The store of an export against comparing every vector, with whole and with missing shards. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../core/random.js';
import { Columns, encodeColumns } from '../../search/export/columns.js';
import { type ExportManifest, exportFormat } from '../../search/export/format.js';
import { encodeShard, type VectorType, vectorTypes } from '../../search/export/vector-codes.js';
import { dot } from '../../search/gallery/search/vectors.js';
import { parseFilter } from '../../search/store/filter-parse.js';
import { ExportStore } from './export-store.js';
import { ExportFiles } from './fetch-files.js';

const base = 'https://shop.example/';
const sizes = { width: 32, factors: 2, projection: 4 };
const [count, shardSize] = [1000, 400];
const random = new Random(3);
const unit = (length: number) => {
  const vector = Float32Array.from({ length }, () => random.normal());
  const size = Math.hypot(...vector);
  return vector.map((value) => value / size);
};
const items = Array.from({ length: count }, (_, i) => ({
  id: `i${String(i).padStart(4, '0')}`,
  content: `c${i}`,
  thumbnail: '',
  reference: '',
  width: 1,
  height: 1,
  metadata: { price: i % 50 },
  matching: unit(32),
  factors: unit(8),
}));

let host: Map<string, Uint8Array>;
/** Files that are given later. */
let held: Map<string, Promise<void>>;

function storeOf(type: VectorType): { store: ExportStore; files: ExportFiles } {
  host = new Map();
  held = new Map();
  const shards: ExportManifest['shards'] = [];
  for (let from = 0; from < count; from += shardSize) {
    const part = items.slice(from, from + shardSize);
    const bytes = encodeShard(part, sizes, type);
    const path = `data/${from}.bin`;
    host.set(base + path, bytes);
    shards.push({
      path,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      from,
      count: part.length,
    });
  }
  const model = { hash: 'model', encoder: 'patch' };
  const manifest = {
    format: exportFormat,
    count,
    model,
    gamma: 1,
    sizes,
    vectors: { type, recall: 1 },
    shards,
  } as unknown as ExportManifest;
  const files = new ExportFiles(base, { cache: false });
  return { store: new ExportStore(manifest, Columns.read(encodeColumns(items, 'model')), files), files };
}

beforeEach(() => {
  vi.stubGlobal('fetch', async (address: string) => {
    await held.get(address);
    const bytes = host.get(address);
    return bytes ? new Response(bytes as Uint8Array<ArrayBuffer>) : new Response(null, { status: 404 });
  });
});
afterEach(() => vi.unstubAllGlobals());

describe.each(vectorTypes)('vectors of %s', (type) => {
  it('finds the nearest, with a filter and without some ids', async () => {
    const { store } = storeOf(type);
    const vector = unit(32);
    const exclude = ['i0003', 'i0007'];
    const right = items
      .filter(({ id, metadata }) => metadata.price < 20 && !exclude.includes(id))
      .map(({ id, matching }) => ({ id, similarity: dot(vector, 0, matching, 0, 32) }))
      .sort((a, b) => b.similarity - a.similarity);
    const hits = await store.search({ vector, limit: 20, filter: parseFilter('price < 20'), exclude, includeVectors: true });
    const best = new Set(right.slice(0, 20).map(({ id }) => id));
    expect(hits).toHaveLength(20);
    expect(hits.filter(({ item }) => best.has(item.id)).length).toBeGreaterThanOrEqual(19);
    for (const { item, similarity, vectors } of hits) {
      const exact = right.find(({ id }) => id === item.id)?.similarity as number;
      expect(Math.abs(similarity - exact)).toBeLessThan(type === 'float16' ? 1e-3 : 0.02);
      expect(vectors?.factors).toHaveLength(8);
    }
    expect(await store.search({ vector, limit: 2000 })).toHaveLength(count);
  });

  it('leaves out a missing shard and says so, and gives up where all are missing', async () => {
    const { store, files } = storeOf(type);
    host.delete(`${base}data/400.bin`);
    const hits = await store.search({ vector: unit(32), limit: 2000 });
    expect(hits.map(({ item }) => item.id).sort()).toEqual([...items.slice(0, 400), ...items.slice(800)].map(({ id }) => id));
    expect([...files.notes]).toEqual([
      expect.stringMatching(/^400 of 1000 images are left out of searches: .*400\.bin.* is missing/),
    ]);
    expect(await store.vectors(['i0900', 'nobody'])).toEqual([expect.anything(), undefined]);
    // An image that is in the gallery is not said to be unknown.
    await expect(store.vectors(['i0500'])).rejects.toThrow(/400\.bin.* is missing/);
    const { store: empty } = storeOf(type);
    host.clear();
    await expect(empty.vectors(['i0500'])).rejects.toThrow(/is missing/);
    await expect(empty.search({ vector: unit(32), limit: 3 })).rejects.toThrow(/is missing/);
    expect(await empty.count(parseFilter('price = 1'))).toBe(20);
  });
});

it('searches what is here before all is, and gives the vectors of what is here', async () => {
  const { store } = storeOf('float16');
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  held.set(`${base}data/400.bin`, given);
  const vector = unit(32);
  expect(await store.here(2)).toEqual({ shards: 2, images: 600, isWhole: false });
  const early = await store.early().search({ vector, limit: 2000 });
  expect(early).toHaveLength(600);
  expect(await store.vectors(['i0900'])).toEqual([expect.anything()]);
  const [late, whole] = [store.vectors(['i0500']), store.search({ vector, limit: 2000 })];
  give();
  expect(await store.here(3)).toEqual({ shards: 3, images: 1000, isWhole: true });
  expect(await late).toEqual([expect.anything()]);
  const isEarly = ({ item }: { item: { id: string } }) => item.id < 'i0400' || item.id >= 'i0800';
  expect((await whole).filter(isEarly)).toEqual(early);
});

it('lists, counts and finds items as the gallery does, and is never written', async () => {
  const { store } = storeOf('int8');
  const page = await store.list({ after: 'i0001', limit: 2, filter: parseFilter('price > 1') });
  expect(page.map(({ id }) => id)).toEqual(['i0002', 'i0003']);
  expect(await store.get(['i0999', 'nobody'])).toEqual([
    { id: 'i0999', content: 'c999', metadata: { price: 49 }, location: '999' },
    undefined,
  ]);
  await expect(store.delete()).rejects.toThrow(/cannot be changed/);
});
