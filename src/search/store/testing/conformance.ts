/** What every store must do, whatever it is made of. Each store's test runs this suite on its real engine. */
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dot } from '../../../core/dot.js';
import type { StoreDefinition } from '../define-store.js';
import type { Filter } from '../filter.js';
import { matcherOf } from '../filter-match.js';
import { parseFilter } from '../filter-parse.js';
import { createStore, type OpenStoreOptions, openStore, stores } from '../open-store.js';
import type { EmbeddedItem, GalleryStore, VectorQuery, VectorSizes } from '../store.js';
import { compareText } from '../text.js';
import * as random from './filters.js';
import { infoOf, itemOf, itemsOf, queryOf, sizes } from './items.js';

/** The store that {@link storeConformance} tests. */
export interface Engine {
  /** The store's definition, where its locations are not known yet. */
  store?: StoreDefinition;
  /** A place where no gallery is. */
  location(): Promise<string> | string;
  /** Options of opening a gallery. @default {} */
  options?: OpenStoreOptions;
  /** Options that make small galleries have all indexes of large ones. */
  indexed?: OpenStoreOptions;
}

/** Every item compared with the query, in double precision. */
export function plainSearch(items: readonly EmbeddedItem[], { vector, limit, filter, exclude = [] }: VectorQuery) {
  const matches = filter ? matcherOf(filter) : () => true;
  return items
    .filter(({ id, metadata }) => !exclude.includes(id) && matches(metadata))
    .map(({ id, matching }) => ({ id, similarity: dot(vector, 0, matching, 0, vector.length) }))
    .sort((a, b) => b.similarity - a.similarity || compareText(a.id, b.id))
    .slice(0, limit);
}

const stored = ({ id, content, location, metadata }: EmbeddedItem) => ({ id, content, location, metadata });
const byId = (items: readonly EmbeddedItem[]) => [...items].sort((a, b) => compareText(a.id, b.id));

/** Declares the suite's tests. @param name of the store, for the tests' names */
export function conformance(name: string, engine: Engine): void {
  if (engine.store) stores.add(engine.store);
  const opened: GalleryStore[] = [];
  const keep = <S extends GalleryStore>(store: S): S => {
    opened.push(store);
    return store;
  };
  const create = async (of: VectorSizes = sizes, options: OpenStoreOptions = {}) => {
    const location = await engine.location();
    const store = keep(await createStore(location, infoOf(of), { ...engine.options, ...options }));
    const reopen = async () => {
      await store.close();
      return keep(await openStore(location, { ...engine.options, ...options }));
    };
    /** The gallery as it was made, then opened again. */
    async function* both() {
      yield store;
      yield await reopen();
    }
    return { store, location, both };
  };

  describe(`${name}: the contract of a gallery store`, () => {
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close()));
    });

    const expectHits = async (store: GalleryStore, items: readonly EmbeddedItem[], query: VectorQuery) => {
      const hits = await store.search(query);
      const expected = plainSearch(items, query);
      expect(hits.map(({ item }) => item.id)).toEqual(expected.map(({ id }) => id));
      for (const [i, { item, similarity }] of hits.entries()) {
        expect(similarity).toBeCloseTo(expected[i]!.similarity, 5);
        expect(item).toEqual(stored(items.find(({ id }) => id === item.id)!));
      }
    };

    it('gives back what was written, also after it was opened again', async () => {
      const { store, both } = await create();
      const items = itemsOf(30).map((item, i) => ({
        ...item,
        metadata: { colour: i % 2 ? 'red' : 'blue', price: i / 3, sale: i % 5 === 0, size: null },
      }));
      await store.upsert(items.slice(0, 20));
      await store.upsert(items.slice(20));
      for await (const one of both()) {
        expect(one.info).toEqual(infoOf());
        expect(await one.count()).toBe(30);
        expect(await one.list({ limit: 100 })).toEqual(items.map(stored));
        const ids = ['0007.jpg', 'none', '0003.jpg', '0007.jpg', "'"];
        const [seventh, third] = [items[7]!, items[3]!];
        expect(await one.get(ids)).toEqual([stored(seventh), undefined, stored(third), stored(seventh), undefined]);
        const vectors = await one.vectors(ids);
        expect(vectors.map((found) => found?.matching)).toEqual([
          seventh.matching,
          undefined,
          third.matching,
          seventh.matching,
          undefined,
        ]);
        expect(vectors.map((found) => found?.factors)).toEqual([
          seventh.factors,
          undefined,
          third.factors,
          seventh.factors,
          undefined,
        ]);
        await expectHits(one, items, { vector: queryOf(3), limit: 7 });
        // Writing goes on where it ended.
        if (one !== store) await one.upsert([itemOf('later', 1)]);
      }
      expect(await (opened.at(-1) as GalleryStore).count()).toBe(31);
    });

    it('does all of it for an empty gallery', async () => {
      const { both } = await create();
      for await (const one of both()) {
        await one.upsert([]);
        expect(await one.delete([])).toBe(0);
        expect(await one.delete(['a'])).toBe(0);
        expect(await one.get([])).toEqual([]);
        expect(await one.get(['a'])).toEqual([undefined]);
        expect(await one.vectors(['a'])).toEqual([undefined]);
        expect(await one.list({ limit: 5 })).toEqual([]);
        expect(await one.count()).toBe(0);
        expect(await one.count(parseFilter('a = null'))).toBe(0);
        expect(await one.search({ vector: queryOf(1), limit: 5 })).toEqual([]);
        await one.optimise();
      }
    });

    it('finds what nested loops find', async () => {
      const { store } = await create();
      const items = itemsOf(300).map((item, i) => ({ ...item, metadata: { n: i, even: i % 2 === 0 } }));
      await store.upsert(items);
      for (const [seed, limit] of [
        [1, 1],
        [2, 10],
        [3, 299],
        [4, 1000],
      ] as const) {
        const vector = queryOf(seed);
        await expectHits(store, items, { vector, limit });
        const best = plainSearch(items, { vector, limit: 3 }).map(({ id }) => id);
        await expectHits(store, items, { vector, limit, exclude: [...best, 'none', "x'y"] });
        await expectHits(store, items, { vector, limit, filter: parseFilter('even = true and n >= 100') });
        const filter = parseFilter('n in (3, 5, 8)');
        await expectHits(store, items, { vector, limit, filter, exclude: ['0005.jpg'] });
        await expectHits(store, items, { vector, limit, filter: parseFilter('n < 0') });
        const plain = await store.search({ vector, limit, exclude: best });
        const includeVectors = await store.search({ vector, limit, exclude: best, includeVectors: true });
        const vectors = await store.vectors(plain.map(({ item }) => item.id));
        expect(includeVectors).toEqual(plain.map((hit, i) => ({ ...hit, vectors: vectors[i] })));
      }
    });

    it('puts the smaller id first where items are equally near, also at the last place', async () => {
      const { store } = await create();
      const items = itemsOf(60);
      const twins = ['\uff01', 'z', '😀', 'B', 'a', '0099.jpg'].map((id) => ({ ...items[11]!, id }));
      await store.upsert([...items, ...twins]);
      for (const limit of [1, 2, 3, 5, 7, 20]) {
        await expectHits(store, [...items, ...twins], { vector: items[11]!.matching, limit });
        await expectHits(store, [...items, ...twins], { vector: items[11]!.matching, limit, exclude: ['0011.jpg', 'B'] });
      }
    });

    it('replaces and deletes items', async () => {
      const { store, both } = await create();
      await store.upsert(itemsOf(20));
      const changed = itemsOf(5, 2).map((item) => ({ ...item, metadata: { new: true } }));
      await store.upsert([...changed, itemOf('more', 2)]);
      expect(await store.delete(['0019.jpg', 'none', '0018.jpg', '0019.jpg'])).toBe(2);
      expect(await store.delete(['0019.jpg'])).toBe(0);
      await store.upsert([itemOf('0018.jpg', 3)]);
      const expected = [...changed, ...itemsOf(18).slice(5), itemOf('0018.jpg', 3), itemOf('more', 2)];
      for await (const one of both()) {
        expect(await one.list({ limit: 50 })).toEqual(expected.map(stored));
        expect(await one.count()).toBe(20);
        expect(await one.count(parseFilter('new = true'))).toBe(5);
        await expectHits(one, expected, { vector: queryOf(8), limit: 30 });
        expect((await one.vectors(['0002.jpg']))[0]).toEqual({ matching: changed[2]!.matching, factors: changed[2]!.factors });
        await one.optimise();
        await expectHits(one, expected, { vector: queryOf(8), limit: 30 });
        expect(await one.list({ limit: 50 })).toEqual(expected.map(stored));
        expect((await one.vectors(['0018.jpg']))[0]?.factors).toEqual(itemOf('0018.jpg', 3).factors);
      }
    });

    it('holds ids of all scripts and signs, in the order of their code points', async () => {
      const { store, both } = await create();
      const ids = [
        'ünï/日本語.jpg',
        '😀.png',
        '\uff01.jpg',
        `o'brien "x" \\ %_ $1 ?.jpg`,
        "'; DROP TABLE items; --",
        ' leading and trailing ',
        'e\u0301',
        'é',
        'A',
        'a',
        '[1,2]',
        '{}',
        'null',
        '../../etc/passwd',
        'x'.repeat(512),
      ];
      const items = ids.map((id) => itemOf(id, 1, { name: id }));
      await store.upsert(items);
      for await (const one of both()) {
        const expected = byId(items).map(stored);
        expect(await one.list({ limit: 100 })).toEqual(expected);
        const pages = [];
        for (let after: string | undefined; ; ) {
          const page = await one.list({ after, limit: 4 });
          pages.push(...page);
          after = page.at(-1)?.id;
          if (page.length < 4) break;
        }
        expect(pages).toEqual(expected);
        expect(await one.list({ after: "o'", limit: 1 })).toEqual([stored(items[3]!)]);
        expect(await one.get(ids)).toEqual(items.map(stored));
        for (const item of items) {
          const filter: Filter = { kind: 'compare', field: 'name', comparison: '=', value: item.id };
          expect(await one.list({ limit: 9, filter })).toEqual([stored(item)]);
        }
        await expectHits(one, items, { vector: queryOf(5), limit: 20, exclude: ids.slice(0, 5) });
      }
      expect(await (opened.at(-1) as GalleryStore).delete(ids)).toBe(ids.length);
      expect(await (opened.at(-1) as GalleryStore).count()).toBe(0);
    });

    it('lists page by page with a filter', async () => {
      const { store } = await create();
      await store.upsert(itemsOf(40).map((item, i) => ({ ...item, metadata: { n: i } })));
      const filter = parseFilter('n >= 10 and not n in (12, 13)');
      expect((await store.list({ limit: 3, filter })).map(({ id }) => id)).toEqual(['0010.jpg', '0011.jpg', '0014.jpg']);
      expect((await store.list({ after: '0014.jpg', limit: 2, filter })).map(({ id }) => id)).toEqual(['0015.jpg', '0016.jpg']);
      expect(await store.count(filter)).toBe(28);
    });

    it('needs no factors', async () => {
      const none = { width: 7, factors: 0, projection: 0 };
      const { store, both } = await create(none);
      const items = itemsOf(9, 1, none);
      await store.upsert(items);
      for await (const one of both()) {
        expect(await one.vectors(['0004.jpg'])).toEqual([{ matching: items[4]!.matching, factors: new Float32Array(0) }]);
        await expectHits(one, items, { vector: queryOf(2, none), limit: 4 });
        const [hit] = await one.search({ vector: items[3]!.matching, limit: 1, includeVectors: true });
        expect(hit?.vectors).toEqual({ matching: items[3]!.matching, factors: new Float32Array(0) });
      }
    });

    it('refuses bad input and leaves everything as it was', async () => {
      const { store } = await create();
      await store.upsert(itemsOf(3));
      const good = itemOf('new', 1);
      const long = good.matching.map((value) => 2 * value);
      const wrong = async (items: unknown[], message: string) => {
        const refused = expect(store.upsert([itemOf('first', 1), ...(items as EmbeddedItem[])]));
        await refused.rejects.toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }));
      };
      await wrong([good, good], 'The item "new" is given twice');
      await wrong([{ ...good, matching: good.matching.slice(1) }], "have 11 and 15 numbers; this gallery's have 12 and 15");
      await wrong([{ ...good, factors: new Float32Array(0) }], 'have 12 and 0 numbers');
      await wrong([{ ...good, matching: long }], 'has the length ');
      await wrong([{ ...good, matching: good.matching.map(() => Number.NaN) }], 'has the length NaN');
      await wrong([{ ...good, factors: good.factors.map(() => Number.NaN) }], 'are not finite');
      for (const id of ['', 'x'.repeat(513), 'a\nb', '\0', '\ud800', '\u0085'])
        await wrong([{ ...good, id }], 'is not a valid id');
      await wrong([{ ...good, content: 'a\0' }], 'The content hash of the item "new"');
      await wrong([{ ...good, location: '\udfff' }], 'The location of the item "new"');
      for (const key of ['', 'bad key', '1a', 'x'.repeat(65), "a'b"])
        await wrong([{ ...good, metadata: { [key]: 1 } }], 'metadata key');
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '\0', '\ud800', {}, [1], undefined])
        await wrong([{ ...good, metadata: { a: value } }], 'has bad metadata "a"');
      await wrong([{ ...good, metadata: { a: 'x'.repeat(70_000) } }], 'more than 65536 characters');
      await expect(store.delete(['0000.jpg', ''])).rejects.toThrow('is not a valid id');
      await expect(store.search({ vector: new Float32Array(3), limit: 1 })).rejects.toThrow('has 3 numbers');
      await expect(store.search({ vector: new Float32Array(12), limit: 1 })).rejects.toThrow('has the length 0');
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        await expect(store.search({ vector: queryOf(1), limit })).rejects.toThrow('must be a whole number from 1');
        await expect(store.list({ limit })).rejects.toThrow('must be a whole number from 1');
      }
      const filter = { kind: 'compare', field: "x' OR 1=1 --", comparison: '=', value: 1 } as const;
      await expect(store.count(filter)).rejects.toThrow('is not a valid field');
      await expect(store.list({ limit: 1, filter })).rejects.toThrow('is not a valid field');
      await expect(store.search({ vector: queryOf(1), limit: 1, filter })).rejects.toThrow('is not a valid field');
      expect(await store.list({ limit: 10 })).toEqual(itemsOf(3).map(stored));
    });

    it('may be written and searched by many at once', async () => {
      const { store, both } = await create();
      const items = itemsOf(60);
      await store.upsert(items.slice(0, 20));
      const work = [];
      for (let i = 0; i < 8; i++) {
        work.push(store.upsert(items.slice(5 * i, 5 * i + 20).map((item) => ({ ...item, metadata: { turn: i } }))));
        work.push(store.search({ vector: queryOf(i), limit: 10 }).then((hits) => expect(hits).toHaveLength(10)));
        work.push(store.list({ limit: 100 }).then((found) => expect(new Set(found.map(({ id }) => id)).size).toBe(found.length)));
        work.push(store.vectors(['0003.jpg']).then(([found]) => expect(found?.matching).toEqual(items[3]!.matching)));
        if (i === 4) work.push(store.optimise());
      }
      await Promise.all(work);
      await store.upsert(items);
      await Promise.all([store.delete(['0000.jpg', '0001.jpg']), store.delete(['0001.jpg', '0002.jpg'])]);
      for await (const one of both()) {
        expect(await one.list({ limit: 100 })).toEqual(items.slice(3).map(stored));
        await expectHits(one, items.slice(3), { vector: queryOf(9), limit: 100 });
      }
    });

    it('keeps what it was given, whatever the caller does with it afterwards', async () => {
      const { store } = await create();
      const item = itemOf('a', 1, { n: 1 });
      const writing = store.upsert([item]);
      const was = { matching: item.matching.slice(), factors: item.factors.slice() };
      item.matching.fill(0);
      item.factors.fill(0);
      await writing;
      expect(await store.vectors(['a'])).toEqual([was]);
      const [found] = await store.get(['a']);
      found!.content = 'other';
      const [vectors] = await store.vectors(['a']);
      vectors!.matching.fill(0);
      expect((await store.get(['a']))[0]?.content).toBe('content-1');
      expect(await store.vectors(['a'])).toEqual([was]);
    });

    it('stops searching when told to', async () => {
      const { store } = await create();
      await store.upsert(itemsOf(5));
      const query = { vector: queryOf(1), limit: 2, signal: AbortSignal.abort() };
      await expect(store.search(query)).rejects.toThrow(expect.objectContaining({ code: 'INTERRUPTED' }));
      await expect(store.optimise({ signal: AbortSignal.abort() })).rejects.toThrow(
        expect.objectContaining({ code: 'INTERRUPTED' }),
      );
      expect(await store.search({ ...query, signal: new AbortController().signal })).toHaveLength(2);
    });

    it('is made once, or in the place of another one, and says where there is none', async () => {
      const { store, location } = await create();
      await store.upsert(itemsOf(3));
      await store.close();
      const again = createStore(location, infoOf(), engine.options);
      await expect(again).rejects.toThrow(
        expect.objectContaining({ code: 'GALLERY', message: expect.stringContaining('already') }),
      );
      const other = keep(
        await createStore(location, infoOf({ width: 4, factors: 0, projection: 0 }), { ...engine.options, replace: true }),
      );
      expect(await other.count()).toBe(0);
      expect(other.info.sizes.width).toBe(4);
      const none = openStore(await engine.location(), engine.options);
      await expect(none).rejects.toThrow(
        expect.objectContaining({ code: 'GALLERY', message: expect.stringMatching(/no gallery.*limn index/) }),
      );
      await expect(
        createStore(await engine.location(), infoOf({ width: 0, factors: 0, projection: 0 }), engine.options),
      ).rejects.toThrow('wrong "sizes.width"');
    });

    it('says that it is closed', async () => {
      const { store } = await create();
      await store.close();
      await store.close();
      for (const call of [
        () => store.upsert(itemsOf(1)),
        () => store.delete(['a']),
        () => store.get(['a']),
        () => store.list({ limit: 1 }),
        () => store.count(),
        () => store.search({ vector: queryOf(1), limit: 1 }),
        () => store.vectors(['a']),
        () => store.optimise(),
      ])
        await expect(call()).rejects.toThrow('The gallery was closed; open it again.');
    });
  });

  describe.each(['without indexes', 'with indexes'])(`${name}: filters, %s`, (kind) => {
    const withIndexes = kind === 'with indexes';
    let store: GalleryStore;
    let items: EmbeddedItem[];

    beforeAll(async () => {
      const options = { ...engine.options, ...(withIndexes ? engine.indexed : {}) };
      store = await createStore(await engine.location(), infoOf(), options);
      const metadata = fc.sample(random.metadata, { seed: 5, numRuns: 120 });
      items = metadata.map((one, i) => itemOf(String(i), 1, one));
      await store.upsert(items.slice(0, 100));
      if (withIndexes) await store.optimise();
      await store.upsert(items.slice(100));
      return () => store.close();
    });

    it('keeps metadata as they are', async () => {
      expect(await store.get(items.map(({ id }) => id))).toEqual(items.map(stored));
    });

    it('agrees with the plain meaning of filters, whatever metadata and filter', async () => {
      await fc.assert(
        fc.asyncProperty(random.filter, async (filter) => {
          const matches = matcherOf(filter);
          const expected = byId(items.filter(({ metadata }) => matches(metadata))).map(({ id }) => id);
          expect((await store.list({ limit: 1000, filter })).map(({ id }) => id)).toEqual(expected);
          expect(await store.count(filter)).toBe(expected.length);
          const hits = await store.search({ vector: queryOf(1), limit: 1000, filter });
          expect(hits.map(({ item }) => item.id).sort(compareText)).toEqual(expected);
        }),
        { seed: 7, numRuns: 100 },
      );
    }, 600_000);

    it('takes filters as large and deep as the language allows', async () => {
      const deep = parseFilter(`${'not (x = 1 or '.repeat(7)}x = 2${')'.repeat(7)}`);
      const wide: Filter = {
        kind: 'or',
        filters: Array.from({ length: 900 }, (_, value) => ({ kind: 'compare', field: 'x', comparison: '=', value })),
      };
      const list: Filter = { kind: 'in', field: 'x', values: Array.from({ length: 990 }, (_, i) => (i % 2 ? i : `t${i}`)) };
      for (const filter of [deep, wide, list, { kind: 'not', filter: list } as const]) {
        const matches = matcherOf(filter);
        expect(await store.count(filter)).toBe(items.filter(({ metadata }) => matches(metadata)).length);
      }
    });
  });
}
