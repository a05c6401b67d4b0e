/** A gallery in PostgreSQL with pgvector: a partition of one table, so that galleries do not slow each other down. */
import type { Pool, PoolClient } from 'pg';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { importPeer } from '../../../core/peers.js';
import type { OnProgress } from '../../../core/progress.js';
import { checkId, checkItems, checkListQuery, checkVectorQuery } from '../check.js';
import type { Filter } from '../filter.js';
import { checkFilter } from '../filter-check.js';
import { checkInfo, readInfo } from '../info.js';
import { nearestHits, storedItem } from '../nearest.js';
import type {
  EmbeddedItem,
  GalleryInfo,
  GalleryStore,
  ItemVectors,
  ListQuery,
  StoredItem,
  VectorHit,
  VectorQuery,
} from '../store.js';
import { compareText, foldCase, isStorable } from '../text.js';
import { indexForm } from './index-form.js';
import { pgLocation } from './location.js';
import { migrate } from './migrations.js';
import type { PgOptions } from './options.js';
import { filterSql, SqlParameters } from './sql.js';

/** Items of one statement. */
const batch = 500;
const itemColumns = 'id, content, location, metadata';

/** The connections to a database, and what it can do. */
interface Database {
  pool: Pool;
  /** Whether it can go on with an index scan that found too few rows. */
  iterative: boolean;
}

export class PgStore implements GalleryStore {
  private closed: Promise<void> | undefined;
  /** The partition's name: made of a number of the database's, so that it can stand in a statement. */
  private readonly table: string;

  private constructor(
    private readonly shown: string,
    readonly info: GalleryInfo,
    private readonly number: number,
    private readonly database: Database,
    private readonly options: PgOptions,
  ) {
    this.table = tableOf(number);
  }

  /** @throws LimnError GALLERY where there is no such gallery, STORE where the database cannot be reached or has no pgvector */
  static async open(location: string, options: PgOptions = {}): Promise<PgStore> {
    const { gallery, shown } = pgLocation(location);
    return connected(location, options, async (client, pool) => {
      const { rows } = await client.query('SELECT number, info FROM limn.galleries WHERE name = $1', [gallery]);
      const [row] = rows as { number: number; info: unknown }[];
      if (!row) throw new LimnError('GALLERY', `There is no gallery ${shown}. Make one with "limn index".`);
      const stored = readInfo(row.info, `The gallery ${shown}`);
      return new PgStore(shown, stored, row.number, { pool, iterative: await canIterate(client) }, options);
    });
  }

  /** @throws LimnError GALLERY where there is such a gallery already, STORE where the database cannot be reached or has no pgvector */
  static async create(
    location: string,
    info: GalleryInfo,
    options: PgOptions & { replace?: boolean | undefined } = {},
  ): Promise<PgStore> {
    checkInfo(info);
    const { gallery, shown } = pgLocation(location);
    return connected(location, options, async (client, pool) => {
      const number = await inTransaction(client, async () => {
        if (options.replace) await drop(client, gallery);
        const insert = 'INSERT INTO limn.galleries (name, info) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING number';
        const { rows } = await client.query(insert, [gallery, JSON.stringify(info)]);
        const made = rows[0]?.number as number | undefined;
        if (made === undefined) {
          throw new LimnError('GALLERY', `There is a gallery ${shown} already; open it, or choose another name.`);
        }
        await client.query(`CREATE TABLE ${tableOf(made)} PARTITION OF limn.items FOR VALUES IN (${made})`);
        await client.query(`CREATE INDEX ON ${tableOf(made)} USING gin (metadata jsonb_path_ops)`);
        return made;
      });
      return new PgStore(shown, info, number, { pool, iterative: await canIterate(client) }, options);
    });
  }

  async upsert(items: readonly EmbeddedItem[]): Promise<void> {
    this.checkOpen();
    checkItems(items, this.info.sizes);
    if (items.length === 0) return;
    // In one order, so that two writes of the same items never wait for each other.
    const rows = [...items].sort((a, b) => compareText(a.id, b.id)).map(rowOf);
    await this.use(async (client) =>
      inTransaction(client, async () => {
        for (let from = 0; from < rows.length; from += batch) {
          const part = rows.slice(from, from + batch);
          const columns = ([0, 1, 2, 3, 4, 5, 6] as const).map((i) => part.map((row) => row[i]));
          await client.query(
            `INSERT INTO ${this.table} (gallery, id, content, location, metadata, folded, matching, factors)
             SELECT ${this.number}, id, content, location, metadata, folded, matching::vector, factors
             FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::text[], $7::bytea[])
               AS row (id, content, location, metadata, folded, matching, factors)
             ON CONFLICT (gallery, id) DO UPDATE SET content = excluded.content, location = excluded.location,
               metadata = excluded.metadata, folded = excluded.folded, matching = excluded.matching, factors = excluded.factors`,
            columns,
          );
        }
      }),
    );
  }

  async delete(ids: readonly string[]): Promise<number> {
    this.checkOpen();
    ids.forEach(checkId);
    const unique = [...new Set(ids)];
    const locked = `SELECT id FROM ${this.table} WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE`;
    const sql = `WITH gone AS (${locked}) DELETE FROM ${this.table} AS items USING gone WHERE items.id = gone.id`;
    return this.use(async (client) => (await client.query(sql, [unique])).rowCount ?? 0);
  }

  async get(ids: readonly string[]): Promise<(StoredItem | undefined)[]> {
    const sql = `SELECT ${itemColumns} FROM ${this.table} WHERE id = ANY ($1::text[])`;
    const { rows } = await this.use((client) => client.query(sql, [storable(ids)]));
    const found = new Map(rows.map((row) => [row.id as string, itemOf(row)]));
    return ids.map((id) => found.get(id));
  }

  async list(query: ListQuery): Promise<StoredItem[]> {
    checkListQuery(query);
    const parameters = new SqlParameters();
    const conditions = [conditionOf(query.filter, parameters)];
    if (query.after !== undefined) conditions.push(`id > ${parameters.add(query.after)}::text COLLATE "C"`);
    const limit = parameters.add(query.limit);
    const sql = `SELECT ${itemColumns} FROM ${this.table} WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT ${limit}`;
    const { rows } = await this.use((client) => client.query(sql, parameters.values));
    return rows.map(itemOf);
  }

  async count(filter?: Filter): Promise<number> {
    const parameters = new SqlParameters();
    const sql = `SELECT count(*) AS count FROM ${this.table} WHERE ${conditionOf(filter, parameters)}`;
    const { rows } = await this.use((client) => client.query(sql, parameters.values));
    return Number(rows[0]?.count);
  }

  async search(query: VectorQuery): Promise<VectorHit[]> {
    this.checkOpen();
    checkVectorQuery(query, this.info.sizes);
    throwIfAborted(query.signal, 'searching');
    const exclude = new Set(query.exclude);
    const begin = indexScan(query.limit + exclude.size + 1, this.database.iterative);
    const search = async (client: PoolClient) => {
      const fetch = (exact: boolean) => (count: number) => {
        throwIfAborted(query.signal, 'searching');
        return this.nearest(client, query, count, exact);
      };
      const found = await nearestHits(fetch(false), query.limit, exclude);
      // An index may give up before a narrow filter is satisfied.
      return found.length === query.limit ? found : nearestHits(fetch(true), query.limit, exclude);
    };
    const hits = await this.use((client) => inTransaction(client, () => search(client), begin));
    throwIfAborted(query.signal, 'searching');
    return hits;
  }

  async vectors(ids: readonly string[]): Promise<(ItemVectors | undefined)[]> {
    const sql = `SELECT id, ${vectorColumns} FROM ${this.table} WHERE id = ANY ($1::text[])`;
    const { rows } = await this.use((client) => client.query(sql, [storable(ids)]));
    const found = new Map((rows as ({ id: string } & VectorRow)[]).map((row) => [row.id, vectorsOf(row)]));
    return ids.map((id) => found.get(id));
  }

  async optimise({ signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<void> {
    throwIfAborted(signal, 'optimising');
    const progress = (done: number, note: string) => onProgress?.({ stage: 'optimise the gallery', done, total: 2, note });
    progress(0, 'vacuum');
    await this.use((client) => client.query(`VACUUM (ANALYZE) ${this.table}`));
    throwIfAborted(signal, 'optimising');
    const { column, operators } = indexForm(this.info.sizes.width);
    if (await this.owesIndex()) {
      progress(1, 'index');
      await this.use(async (client) => {
        // What a build that was killed left behind.
        await client.query(`DROP INDEX IF EXISTS limn.${this.index}`);
        await client.query(
          `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${this.index} ON ${this.table} USING hnsw (${column} ${operators})`,
        );
      });
    }
    progress(2, 'done');
  }

  async tidy(options: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<void> {
    if (await this.owesIndex()) await this.optimise(options);
  }

  close(): Promise<void> {
    this.closed ??= this.database.pool.end();
    return this.closed;
  }

  private get index(): string {
    return `matching_${this.number}`;
  }

  /** Whether the gallery is large enough for an index, and has none that is whole. */
  private async owesIndex(): Promise<boolean> {
    if (!indexForm(this.info.sizes.width).operators || (await this.count()) < (this.options.vectorRows ?? 50_000)) return false;
    const whole = 'SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid';
    return !(await this.use((client) => client.query(whole, [`limn.${this.index}`]))).rowCount;
  }

  /** The nearest rows; an exact search compares in a way that no index knows. */
  private async nearest(client: PoolClient, query: VectorQuery, count: number, exact: boolean): Promise<VectorHit[]> {
    const { column, type } = indexForm(this.info.sizes.width);
    const parameters = new SqlParameters();
    const vector = parameters.add(textOf(query.vector));
    const condition = conditionOf(query.filter, parameters);
    const order = exact ? `(matching <=> ${vector}::vector) + 0` : `${column} <=> ${vector}::${type}`;
    const sql = `
      WITH nearest AS MATERIALIZED (
        SELECT ${itemColumns}, matching, factors FROM ${this.table} WHERE ${condition} ORDER BY ${order} LIMIT ${parameters.add(count)}
      )
      SELECT ${itemColumns}, 1 - (matching <=> ${vector}::vector) AS similarity${query.includeVectors ? `, ${vectorColumns}` : ''}
      FROM nearest ORDER BY similarity DESC, id`;
    const { rows } = await client.query(sql, parameters.values);
    return rows.map((row) => ({
      item: itemOf(row),
      similarity: row.similarity as number,
      ...(query.includeVectors ? { vectors: vectorsOf(row) } : {}),
    }));
  }

  private async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    this.checkOpen();
    try {
      return await withClient(this.database.pool, work);
    } catch (error) {
      throw pgError('use', this.shown, error);
    }
  }

  private checkOpen(): void {
    if (this.closed) throw new LimnError('USAGE', 'The gallery was closed; open it again.');
  }
}

async function connected(
  location: string,
  { connections = 10 }: PgOptions,
  use: (client: PoolClient, pool: Pool) => Promise<PgStore>,
): Promise<PgStore> {
  const { connectionString, shown } = pgLocation(location);
  const { default: pg } = await importPeer('The client of PostgreSQL', ['pg@8.23.1'], () => import('pg'));
  const pool = new pg.Pool({ connectionString, max: connections, application_name: 'limn', connectionTimeoutMillis: 10_000 });
  // A connection that breaks while idle is replaced by the next call.
  pool.on('error', () => {});
  try {
    return await withClient(pool, async (client) => {
      await migrate(client);
      return use(client, pool);
    });
  } catch (error) {
    await pool.end();
    throw pgError('open', shown, error);
  }
}

/** A connection that failed in the middle of something is not used again. */
async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failed: unknown;
  const broken = (error: Error) => {
    failed = error;
  };
  client.on('error', broken);
  try {
    return await work(client);
  } finally {
    client.off('error', broken);
    client.release(failed instanceof Error ? failed : undefined);
  }
}

async function inTransaction<T>(client: PoolClient, work: () => Promise<T>, begin = 'BEGIN'): Promise<T> {
  try {
    await client.query(begin);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** Begins a transaction that looks through an index until it has enough rows that match the filter. */
function indexScan(count: number, iterative: boolean): string {
  const candidates = Math.min(1000, Math.max(200, Math.trunc(count)));
  const further = iterative ? '; SET LOCAL hnsw.iterative_scan = relaxed_order' : '';
  return `BEGIN; SET LOCAL hnsw.ef_search = ${candidates}${further}`;
}

/** Whether pgvector can go on in an index: since 0.8. */
async function canIterate(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query("SELECT extversion FROM pg_extension WHERE extname = 'vector'");
  const [major, minor] = String(rows[0]?.extversion).split('.').map(Number) as [number, number];
  return major > 0 || minor >= 8;
}

async function drop(client: PoolClient, gallery: string): Promise<void> {
  const { rows } = await client.query('SELECT number FROM limn.galleries WHERE name = $1 FOR UPDATE', [gallery]);
  for (const { number } of rows as { number: number }[]) {
    await client.query(`DROP TABLE ${tableOf(number)}`);
    await client.query('DELETE FROM limn.galleries WHERE number = $1', [number]);
  }
}

function tableOf(number: number): string {
  return `limn.items_${Number(number)}`;
}

function conditionOf(filter: Filter | undefined, parameters: SqlParameters): string {
  if (!filter) return 'true';
  checkFilter(filter);
  return filterSql(filter, parameters);
}

/** Ids that a database cannot hold are not there. */
function storable(ids: readonly string[]): string[] {
  return ids.filter(isStorable);
}

function rowOf({ id, content, location, metadata, matching, factors }: EmbeddedItem) {
  const folded = Object.entries(metadata).flatMap(([key, value]) => {
    const text = typeof value === 'string' ? foldCase(value) : value;
    return text === value ? [] : [[key, text] as const];
  });
  const bytes = Buffer.from(factors.slice().buffer);
  const lower = JSON.stringify(Object.fromEntries(folded));
  return [id, content, location, JSON.stringify(metadata), lower, textOf(matching), bytes] as const;
}

function textOf(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}

/** vector_send gives two numbers of 16 bits, then the vector, the most significant byte of each number first. */
const vectorColumns = 'vector_send(matching) AS matching, factors';

interface VectorRow {
  matching: Buffer;
  factors: Buffer;
}

function vectorsOf({ matching, factors }: VectorRow): ItemVectors {
  return { matching: floatsOf(Buffer.from(matching.subarray(4)).swap32()), factors: floatsOf(factors) };
}

function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function itemOf(row: { id: string; content: string; location: string; metadata: unknown }): StoredItem {
  return storedItem(row.id, row.content, row.location, row.metadata);
}

function pgError(doing: string, shown: string, error: unknown): unknown {
  if (LimnError.isInstance(error)) return error;
  const why = error instanceof AggregateError ? messageOf(error.errors[0]) : messageOf(error);
  const message = `Cannot ${doing} the gallery ${shown}: ${why}. Check that the database runs and that you may use it, and try again.`;
  return new LimnError('STORE', message, { details: { code: (error as { code?: unknown }).code }, cause: error });
}
