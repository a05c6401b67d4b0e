import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import { parseFilter } from '../filter-parse.js';
import { createStore, openStore } from '../open-store.js';
import type { EmbeddedItem } from '../store.js';
import { conformance, plainSearch } from '../testing/conformance.js';
import { infoOf, itemOf, itemsOf, queryOf, units } from '../testing/items.js';
import { probes } from './indexes.js';
import { LanceStore } from './lancedb-store.js';

let root: string;
let made = 0;
const folder = () => `lancedb:${join(root, String(made++))}`;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-lance-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

conformance('LanceDB in a folder', { location: folder, indexed: { scalarRows: 1 } });

describe('a gallery in LanceDB', () => {
  // Vectors of 12 are kept in the index as they are.
  it.each([32, 12])(
    'finds nearly all without looking at all, and rows that the index does not have, for vectors of %i',
    async (width) => {
      const sizes = { width, factors: 0, projection: 0 };
      // Around a few centres, as embeddings lie.
      const random = new Random(4);
      const centres = units(random, 20, width);
      const near = (id: string): EmbeddedItem => {
        const centre = random.below(20) * width;
        const vector = units(random, 1, width).map((value, i) => 0.7 * value + centres[centre + i]!);
        const length = Math.hypot(...vector);
        return { ...itemOf(id, 1, { n: Number(id) % 10 }, sizes), matching: vector.map((value) => value / length) };
      };
      const items = Array.from({ length: 2200 }, (_, i) => near(String(i)));
      const store = await createStore(folder(), infoOf(sizes), { vectorRows: 1000, scalarRows: 1000 });
      await store.upsert(items.slice(0, 2000));
      const told: string[] = [];
      await store.optimise({ onProgress: ({ note }) => void (note && told.push(note)) });
      expect(told).toEqual(['compact', 'index id', 'index number_n', 'index matching']);
      await store.upsert(items.slice(2000));
      const recall = async (filter?: string) => {
        let found = 0;
        for (let i = 0; i < 20; i++) {
          const query = { vector: near('0').matching, limit: 10, filter: filter === undefined ? undefined : parseFilter(filter) };
          const hits = (await store.search(query)).map(({ item }) => item.id);
          found += plainSearch(items, query).filter(({ id }) => hits.includes(id)).length;
        }
        return found / 200;
      };
      expect(await recall()).toBeGreaterThan(0.97);
      expect(await recall('n = 3')).toBeGreaterThan(0.97);
      // The index does not know these yet.
      const [hit] = await store.search({ vector: items[2100]!.matching, limit: 1 });
      expect(hit).toMatchObject({ item: { id: '2100' }, similarity: expect.closeTo(1, 5) });
      await store.optimise();
      expect(await recall()).toBeGreaterThan(0.97);
      await store.close();
    },
  );

  it('is given the index that a killed process did not come to build, and knows later rows, by the next one', async () => {
    const location = folder();
    const options = { vectorRows: 300, scalarRows: 300 };
    const killed = await createStore(location, infoOf(), options);
    await killed.upsert(itemsOf(400));
    await killed.close();
    const store = await openStore(location, options);
    const tidied = async () => {
      const told: string[] = [];
      await store.tidy?.({ onProgress: ({ note }) => void (note && told.push(note)) });
      return told;
    };
    expect(await tidied()).toEqual(['compact', 'index id', 'index matching']);
    expect(await tidied()).toEqual([]);
    await store.upsert(itemsOf(430).slice(350));
    expect(await tidied()).toEqual(['compact']);
    expect(await tidied()).toEqual([]);
    await store.close();
    const small = await openStore(location);
    await expect(small.tidy?.({ signal: AbortSignal.abort() })).resolves.toBeUndefined();
    await small.close();
  });

  it('has more parts in its index when it has grown', async () => {
    const sizes = { width: 8, factors: 0, projection: 0 };
    const location = folder();
    const store = await createStore(location, infoOf(sizes), { vectorRows: 1000, scalarRows: 100_000 });
    const items = (from: number, count: number) => {
      const vectors = units(new Random(from), count, 8);
      return Array.from({ length: count }, (_, i) => ({
        ...itemOf(`${from + i}`, 1, {}, sizes),
        matching: vectors.slice(8 * i, 8 * i + 8),
      }));
    };
    const indexed = async () => {
      const told: string[] = [];
      await store.optimise({ onProgress: ({ note }) => void (note?.startsWith('index') && told.push(note)) });
      return told;
    };
    await store.upsert(items(0, 2000));
    expect(await indexed()).toEqual(['index matching']);
    await store.upsert(items(2000, 2000));
    expect(await indexed()).toEqual([]);
    await store.upsert(items(4000, 13_000));
    expect(await indexed()).toEqual(['index matching']);
    expect(await indexed()).toEqual([]);
    const [wanted] = items(4000, 1) as [EmbeddedItem];
    expect((await store.search({ vector: wanted.matching, limit: 1 }))[0]?.item.id).toBe('4000');
    const { least } = probes;
    try {
      probes.least = 1;
      expect(await store.search({ vector: wanted.matching, limit: 10 })).toHaveLength(10);
      // The nearest part has fewer.
      expect(await store.search({ vector: wanted.matching, limit: 15_000 })).toHaveLength(15_000);
    } finally {
      probes.least = least;
    }
    await store.close();
  });

  it('may be written by several processes: no item is there twice, and each sees what the others wrote', async () => {
    const location = folder();
    const first = await createStore(location, infoOf());
    const stores = [first, await openStore(location), await openStore(location)];
    await Promise.all(
      stores.flatMap((store, i) => [
        store.upsert(itemsOf(10, 1).map((item) => ({ ...item, metadata: { [`key${i}`]: i } }))),
        store.upsert(itemsOf(10 + i, 2)),
      ]),
    );
    for (const store of stores) {
      expect((await store.list({ limit: 100 })).map(({ id }) => id)).toEqual(itemsOf(12).map(({ id }) => id));
      expect(await store.count()).toBe(12);
    }
    await Promise.all(stores.map((store) => store.close()));
  });

  it('refuses more metadata keys than a table can have, and leaves everything as it was', async () => {
    const store = await createStore(folder(), infoOf());
    const keys = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${from + i}`, 1]));
    await store.upsert([itemOf('a', 1, keys(0, 500))]);
    await expect(store.upsert([itemOf('b', 1, keys(500, 13))])).rejects.toThrow(
      '513 different metadata keys; LanceDB galleries hold 512',
    );
    expect(await store.count()).toBe(1);
    await store.close();
  });

  it('says in one line what fails', async () => {
    const failed = LanceStore.create('lancedb:/proc/none', infoOf());
    await expect(failed).rejects.toThrow(
      expect.objectContaining({
        code: 'STORE',
        message: expect.stringMatching(/^Cannot open the gallery in lancedb:\/proc\/none: [^\n]{1,200}$/),
      }),
    );
  });
});

describe('a gallery in LanceDB on S3', () => {
  interface S3rver {
    run(): Promise<{ port: number }>;
    close(): Promise<void>;
  }
  let server: S3rver;
  let storage: Record<string, string>;

  beforeAll(async () => {
    const Server = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;
    const configureBuckets = [{ name: 'galleries', configs: [] }];
    server = new Server({ port: 0, address: '127.0.0.1', silent: true, directory: join(root, 's3'), configureBuckets });
    const { port } = await server.run();
    storage = {
      aws_endpoint: `http://127.0.0.1:${port}`,
      aws_access_key_id: 'S3RVER',
      aws_secret_access_key: 'S3RVER',
      aws_region: 'us-east-1',
      allow_http: 'true',
    };
  });
  afterAll(() => server.close());

  it('is written, opened again, searched, compacted and filtered', async () => {
    const location = 's3://galleries/some/shop?gallery=winter';
    const store = await createStore(location, infoOf(), { storage });
    const items = itemsOf(40).map((item, i) => ({ ...item, metadata: { n: i } }));
    await store.upsert(items.slice(0, 25));
    await store.upsert(items.slice(25));
    expect(await store.delete(['0039.jpg'])).toBe(1);
    await store.optimise();
    await store.close();
    const again = await openStore(location, { storage, scalarRows: 1 });
    const query = { vector: queryOf(1), limit: 8, filter: parseFilter('n < 30') };
    expect((await again.search(query)).map(({ item }) => item.id)).toEqual(plainSearch(items, query).map(({ id }) => id));
    expect(await again.count()).toBe(39);
    expect(await again.vectors(['0038.jpg'])).toEqual([{ matching: items[38]!.matching, factors: items[38]!.factors }]);
    await again.close();
    await expect(openStore('s3://galleries/none', { storage })).rejects.toThrow(expect.objectContaining({ code: 'GALLERY' }));
  });
});
