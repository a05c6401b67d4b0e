import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFilter } from '../filter-parse.js';
import { createStore, openStore } from '../open-store.js';
import { conformance, plainSearch } from '../testing/conformance.js';
import { infoOf, itemOf, itemsOf, queryOf } from '../testing/items.js';
import { type PgServer, startPg } from '../testing/pg-server.js';
import { indexForm } from './index-form.js';
import { pgLocation } from './location.js';
import { filterSql, SqlParameters } from './sql.js';

let server: PgServer;
let made = 0;
beforeAll(async () => {
  server = await startPg();
});
afterAll(() => server.close());

describe('a gallery in PostgreSQL', () => {
  it('makes its tables once, also where several processes start at once', async () => {
    const stores = await Promise.all([0, 1, 2].map((i) => createStore(server.location(`first ${i}`), infoOf())));
    await Promise.all(stores.map((store, i) => store.upsert(itemsOf(3 + i))));
    expect(await Promise.all(stores.map((store) => store.count()))).toEqual([3, 4, 5]);
    await Promise.all(stores.map((store) => store.close()));
    const pool = new pg.Pool({ connectionString: pgLocation(server.location('x')).connectionString, max: 1 });
    expect((await pool.query('SELECT version FROM limn.version')).rows).toEqual([{ version: 1 }]);
    await pool.query('UPDATE limn.version SET version = 99');
    await expect(openStore(server.location('first 0'))).rejects.toThrow("has limn's tables of version 99; this limn knows 1");
    await pool.query('UPDATE limn.version SET version = 1');
    await pool.end();
  });

  it('searches with an index, and exactly where the index finds too few', async () => {
    const store = await createStore(server.location('indexed'), infoOf(), { vectorRows: 100 });
    const items = itemsOf(400).map((item, i) => ({ ...item, metadata: { rare: i % 100 === 0 } }));
    await store.upsert(items.slice(0, 350));
    await store.optimise();
    await store.upsert(items.slice(350));
    await store.optimise();
    for (const filter of [undefined, parseFilter('rare = true')]) {
      for (const limit of [1, 10, 300]) {
        const query = { vector: queryOf(limit), limit, filter };
        const found = (await store.search(query)).map(({ item }) => item.id);
        const expected = plainSearch(items, query).map(({ id }) => id);
        expect(found.length).toBe(expected.length);
        expect(expected.filter((id) => found.includes(id)).length).toBeGreaterThanOrEqual(0.9 * expected.length);
      }
    }
    await store.close();
  });

  it('is given the index that a killed process did not come to build, or left half built, by the next one', async () => {
    const location = server.location('owed');
    const options = { vectorRows: 300 };
    const killed = await createStore(location, infoOf(), options);
    await killed.upsert(itemsOf(400));
    await killed.close();
    const store = await openStore(location, options);
    const tidied = async () => {
      const told: string[] = [];
      await store.tidy?.({ onProgress: ({ note }) => void (note && told.push(note)) });
      return told;
    };
    const pool = new pg.Pool({ connectionString: pgLocation(location).connectionString, max: 1 });
    // Other galleries of this file are in the same database.
    const indexes = async () => {
      const { rows } = await pool.query<{ name: string }>(
        `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indexrelid::regclass::text LIKE 'limn.matching_%'`,
      );
      return rows.map(({ name }) => name);
    };
    const before = await indexes();
    expect(await tidied()).toEqual(['vacuum', 'index', 'done']);
    expect(await tidied()).toEqual([]);
    const made = (await indexes()).filter((name) => !before.includes(name));
    expect(made).toHaveLength(1);
    await pool.query('UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass($1)', [made[0]]);
    expect(await tidied()).toEqual(['vacuum', 'index', 'done']);
    expect(await tidied()).toEqual([]);
    await pool.end();
    await store.close();
  });

  it('tells an index by the length of the vectors', () => {
    expect(indexForm(512)).toEqual({ column: '(matching::vector(512))', type: 'vector(512)', operators: 'vector_cosine_ops' });
    expect(indexForm(3000).operators).toBe('halfvec_cosine_ops');
    expect(indexForm(5000).operators).toBeUndefined();
  });

  it('is usable again when the database is back, and does not show the password', async () => {
    const own = await startPg();
    const location = own.location('lost');
    const store = await createStore(location, infoOf(), { connections: 1 });
    await store.upsert([itemOf('a', 1)]);
    await own.drop();
    const failed = await store.count().catch((error) => error);
    expect(failed).toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('Cannot use the gallery "lost" at postgres://'),
    });
    expect(failed.message).not.toContain('secret');
    await own.listen();
    expect(await store.count()).toBe(1);
    await store.close();
    await own.close();
    const none = openStore('postgres://a:secret@127.0.0.1:1/x').catch((error) => error);
    expect(await none).toMatchObject({
      code: 'STORE',
      message: expect.stringMatching(/ECONNREFUSED.*Check that the database runs/),
    });
    expect((await none).message).not.toContain('secret');
  });
});

it('pgLocation takes the name out of the address', () => {
  const { connectionString, gallery, shown } = pgLocation('postgres://me:pw@host:1/db?sslmode=require&gallery=my%20shop');
  expect({ connectionString, gallery, shown }).toEqual({
    connectionString: 'postgres://me:pw@host:1/db?sslmode=require',
    gallery: 'my shop',
    shown: '"my shop" at postgres://me@host:1/db',
  });
  expect(() => pgLocation('postgres://[')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => pgLocation('postgres://h/d?gallery=')).toThrow('1 to 200 characters');
});

it('filterSql makes a parameter of everything a user wrote', () => {
  const parameters = new SqlParameters();
  const sql = filterSql(
    parseFilter("name = 'x''y' and not (price < 5 or name contains 'Ä') and size != null and n in (1, null)"),
    parameters,
  );
  expect(sql).not.toMatch(/name|price|size|x'y|ä/);
  expect(parameters.values).toEqual(['{"name":"x\'y"}', 'price', '5', 'name', 'ä', 'size', '{"n":1}', 'n']);
});

conformance('pgvector in PGlite', {
  location: () => server.location(`gällery ${made++}`),
  // PGlite mixes up statements of several connections; many calls at once then wait for the one connection.
  options: { connections: 1 },
  indexed: { vectorRows: 1 },
});

const real = process.env.LIMN_TEST_POSTGRES;
if (real) {
  conformance('pgvector in PostgreSQL', {
    location: () => {
      const url = new URL(real);
      url.searchParams.set('gallery', `limn-test-${process.pid}-${Date.now()}-${made++}`);
      return url.href;
    },
    indexed: { vectorRows: 1 },
  });
} else {
  describe('pgvector in PostgreSQL', () => {
    it.skip('is skipped: LIMN_TEST_POSTGRES gives no address of a server with pgvector', () => {});
  });
}
