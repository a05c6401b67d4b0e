/** A gallery in LanceDB: files in a folder or on an object store, searched exactly while small and by an index when large. */
import { existsSync } from 'node:fs';
import type { Connection, Table } from '@lancedb/lancedb';
import { dot } from '../../../core/dot.js';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import type { OnProgress } from '../../../core/progress.js';
import { checkId, checkItems, checkListQuery, checkVectorQuery } from '../check.js';
import type { Filter } from '../filter.js';
import { checkFilter } from '../filter-check.js';
import { checkInfo } from '../info.js';
import { nearestHits, Queue } from '../nearest.js';
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
import { isStorable } from '../text.js';
import { type AnswerRow, answerRows, itemColumns } from './answer-rows.js';
import { candidateRows, createIndexes, owesIndexes, probes } from './indexes.js';
import { lanceLocation } from './location.js';
import type { LanceOptions } from './options.js';
import { type Arrow, importLance, type Lance } from './peer.js';
import { filterSql, idsIn, textLiteral } from './sql.js';
import { checkColumns, emptySchema, infoOf, metadataField, neededColumns, rowsOf, vectorColumn } from './table-form.js';

/** Ids of one query. */
const idBatch = 1000;
/** Space is given back when it has not been in use for so long, so that readers of other processes can finish. */
const keepMilliseconds = 10 * 60_000;
const attempts = 20;

/** A table that is open, and what it was opened with. */
interface OpenTable {
  modules: { lance: Lance; arrow: Arrow };
  connection: Connection;
  table: Table;
}

export class LanceStore implements GalleryStore {
  private readonly queue = new Queue();
  private closed: Promise<void> | undefined;

  private readonly modules: OpenTable['modules'];
  private readonly connection: Connection;
  private readonly table: Table;

  private constructor(
    private readonly location: string,
    readonly info: GalleryInfo,
    opened: OpenTable,
    private readonly options: LanceOptions,
  ) {
    this.modules = opened.modules;
    this.connection = opened.connection;
    this.table = opened.table;
  }

  /** @throws LimnError GALLERY where there is no gallery, STORE where LanceDB is not installed or fails */
  static async open(location: string, options: LanceOptions = {}): Promise<LanceStore> {
    const { uri } = lanceLocation(location);
    const none = (cause?: unknown) =>
      new LimnError('GALLERY', `There is no gallery in ${location}. Make one with "limn index".`, { cause });
    // To connect would make the folder.
    if (!uri.includes('://') && !existsSync(uri)) throw none();
    const { connection, modules, table: name } = await connect(location, options);
    try {
      const table = await connection.openTable(name);
      return new LanceStore(location, infoOf(await table.schema(), location), { modules, connection, table }, options);
    } catch (error) {
      connection.close();
      if (/was not found|not found: /i.test(messageOf(error)) && !LimnError.isInstance(error)) {
        throw none(error);
      }
      throw lanceError('open', location, error);
    }
  }

  /** @throws LimnError GALLERY where there is a gallery already, STORE where LanceDB is not installed or fails */
  static async create(
    location: string,
    info: GalleryInfo,
    options: LanceOptions & { replace?: boolean | undefined } = {},
  ): Promise<LanceStore> {
    checkInfo(info);
    const { connection, modules, table: name } = await connect(location, options);
    try {
      const mode = options.replace ? 'overwrite' : 'create';
      const table = await connection.createEmptyTable(name, emptySchema(modules.arrow, info), { mode });
      return new LanceStore(location, info, { modules, connection, table }, options);
    } catch (error) {
      connection.close();
      if (/already exists/i.test(messageOf(error))) {
        throw new LimnError('GALLERY', `There is a gallery in ${location} already; open it, or choose another place.`, {
          cause: error,
        });
      }
      throw lanceError('make a gallery in', location, error);
    }
  }

  async upsert(items: readonly EmbeddedItem[]): Promise<void> {
    this.checkOpen();
    checkItems(items, this.info.sizes);
    if (items.length === 0) return;
    // A copy, because the write may have to wait.
    const rows = items.map((item) => ({ ...item, matching: item.matching.slice(), factors: item.factors.slice() }));
    await this.write(async () => {
      const columns = await this.withColumns(rows);
      const data = rowsOf(this.modules.arrow, rows, this.info.sizes, columns);
      await this.table
        .mergeInsert('id')
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .execute(data as never);
    });
  }

  async delete(ids: readonly string[]): Promise<number> {
    this.checkOpen();
    ids.forEach(checkId);
    const unique = [...new Set(ids)];
    if (unique.length === 0) return 0;
    return this.write(async () => (await this.table.delete(idsIn(unique))).numDeletedRows);
  }

  async get(ids: readonly string[]): Promise<(StoredItem | undefined)[]> {
    const found = new Map<string, StoredItem>();
    for (const row of await this.rowsWith(ids, itemColumns)) found.set(row.id(), row.item());
    return ids.map((id) => found.get(id));
  }

  async list(query: ListQuery): Promise<StoredItem[]> {
    checkListQuery(query);
    return this.read(async () => {
      const parts = [
        await this.condition(query.filter),
        query.after === undefined ? undefined : `id > ${textLiteral(query.after)}`,
      ];
      let rows = this.table.query().select(itemColumns).orderBy({ columnName: 'id', ascending: true }).limit(query.limit);
      const where = parts.filter((part) => part !== undefined).join(' AND ');
      if (where) rows = rows.where(where);
      return answerRows(await rows.toArrow(), this.info.sizes.width).map((row) => row.item());
    });
  }

  async count(filter?: Filter): Promise<number> {
    return this.read(async () => this.table.countRows(await this.condition(filter)));
  }

  async search(query: VectorQuery): Promise<VectorHit[]> {
    checkVectorQuery(query, this.info.sizes);
    throwIfAborted(query.signal, 'searching');
    return this.read(async () => {
      const where = await this.condition(query.filter);
      const fetch = async (count: number): Promise<VectorHit[]> => {
        throwIfAborted(query.signal, 'searching');
        const column = query.includeVectors ? vectorColumn(this.info.sizes) : 'matching';
        // An index knows the vectors roughly: more rows than are wanted are taken, and their vectors themselves are compared.
        const answer = await this.nearestRows(query.vector, candidateRows(count), [...itemColumns, column, '_distance'], where);
        const rows = answerRows(answer, query.vector.length).map((row) => {
          const vectors = row.vectors();
          return { row, vectors, similarity: dot(vectors.matching, 0, query.vector, 0, query.vector.length) };
        });
        rows.sort((a, b) => b.similarity - a.similarity);
        return rows.slice(0, count).map(({ row, vectors, similarity }) => ({
          item: row.item(),
          similarity,
          ...(query.includeVectors ? { vectors } : {}),
        }));
      };
      const hits = await nearestHits(fetch, query.limit, new Set(query.exclude));
      throwIfAborted(query.signal, 'searching');
      return hits;
    });
  }

  async vectors(ids: readonly string[]): Promise<(ItemVectors | undefined)[]> {
    const found = new Map<string, ItemVectors>();
    for (const row of await this.rowsWith(ids, ['id', vectorColumn(this.info.sizes)])) found.set(row.id(), row.vectors());
    return ids.map((id) => found.get(id));
  }

  async optimise({ signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<void> {
    this.checkOpen();
    const steps = ['compact', 'index'];
    await this.write(async () => {
      throwIfAborted(signal, 'optimising');
      onProgress?.({ stage: 'optimise the gallery', done: 0, total: steps.length, note: 'compact' });
      await this.table.optimize({ cleanupOlderThan: new Date(Date.now() - keepMilliseconds) });
      throwIfAborted(signal, 'optimising');
      await createIndexes(this.modules.lance, this.table, this.info.sizes.width, this.options, (column) => {
        throwIfAborted(signal, 'optimising');
        onProgress?.({ stage: 'optimise the gallery', done: 1, total: steps.length, note: `index ${column}` });
      });
      onProgress?.({ stage: 'optimise the gallery', done: 2, total: steps.length });
    });
  }

  async tidy(options: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<void> {
    const { modules, table, info } = this;
    if (await this.read(() => owesIndexes(modules.lance, table, info.sizes.width, this.options))) await this.optimise(options);
  }

  close(): Promise<void> {
    this.closed ??= this.queue.idle().then(() => {
      this.table.close();
      this.connection.close();
    });
    return this.closed;
  }

  /** The columns of the table, after those that the items need were added. */
  private async withColumns(items: readonly EmbeddedItem[]): Promise<string[]> {
    const columns = (await this.table.schema()).fields.map(({ name }) => name);
    const known = new Set(columns);
    const missing = [...neededColumns(items)].filter(([name]) => !known.has(name));
    if (missing.length === 0) return columns;
    checkColumns(
      known,
      missing.map(([name]) => name),
    );
    await this.table.addColumns(missing.map(([name, kind]) => metadataField(this.modules.arrow, name, kind)) as never);
    return (await this.table.schema()).fields.map(({ name }) => name);
  }

  private async condition(filter: Filter | undefined): Promise<string | undefined> {
    if (!filter) return undefined;
    checkFilter(filter);
    return filterSql(filter, new Set((await this.table.schema()).fields.map(({ name }) => name)));
  }

  /** The `count` rows that the index takes for the nearest, fewer where there are no more. */
  private async nearestRows(vector: Float32Array, count: number, columns: string[], where: string | undefined) {
    const nearest = () =>
      this.table.query().nearestTo(vector).column('matching').distanceType('cosine').limit(count).select(columns);
    const inAllParts = () => nearest().maximumNprobes(probes.most).minimumNprobes(probes.least);
    if (where) return inAllParts().where(where).toArrow();
    const answer = await nearest().nprobes(probes.least).toArrow();
    const isWhole = answer.numRows >= count || answer.numRows >= (await this.table.countRows());
    return isWhole ? answer : inAllParts().toArrow();
  }

  private async rowsWith(ids: readonly string[], columns: string[]) {
    return this.read(async () => {
      // An id that cannot be stored is not there.
      const unique = [...new Set(ids)].filter(isStorable);
      const rows: AnswerRow[] = [];
      for (let from = 0; from < unique.length; from += idBatch) {
        const part = unique.slice(from, from + idBatch);
        const query = this.table.query().where(idsIn(part)).select(columns).limit(part.length);
        rows.push(...answerRows(await query.toArrow(), this.info.sizes.width));
      }
      return rows;
    });
  }

  private async read<T>(use: () => Promise<T>): Promise<T> {
    this.checkOpen();
    try {
      return await use();
    } catch (error) {
      throw lanceError('read', this.location, error);
    }
  }

  /** One write of this process after another; again where another process was faster. */
  private write<T>(use: () => Promise<T>): Promise<T> {
    return this.queue.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await use();
        } catch (error) {
          if (attempt === attempts || !isConflict(error)) throw lanceError('write', this.location, error);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2000, 20 * 2 ** attempt)));
        }
      }
    });
  }

  private checkOpen(): void {
    if (this.closed) throw new LimnError('USAGE', 'The gallery was closed; open it again.');
  }
}

/** Another process changed the table, or its columns, meanwhile. */
function isConflict(error: unknown): boolean {
  return !LimnError.isInstance(error) && /conflict|preempted|concurrent|different schema|already exists/i.test(messageOf(error));
}

async function connect(location: string, { storage, apiKey }: LanceOptions) {
  const { uri, table } = lanceLocation(location);
  const modules = await importLance();
  const service = uri.startsWith('db://');
  try {
    const connection = await modules.lance.connect(uri, {
      // Every read sees what other processes have written; asking an object store costs more.
      readConsistencyInterval: uri.includes('://') ? 5 : 0,
      ...(storage ? { storageOptions: storage } : {}),
      ...(service && apiKey ? { apiKey } : {}),
    });
    return { connection, modules, table };
  } catch (error) {
    throw lanceError('open', location, error);
  }
}

function lanceError(doing: string, location: string, error: unknown): unknown {
  if (LimnError.isInstance(error)) return error;
  // LanceDB repeats the message with its causes and the places in its code.
  const said = messageOf(error);
  const repeated = said.search(/, \/[^ ]*\.rs:|Caused by: /);
  const why = repeated < 0 ? said : said.slice(0, repeated).trimEnd();
  const message = `Cannot ${doing} the gallery in ${location}: ${why}. Check the disk, or the network and your rights, and try again.`;
  return new LimnError('STORE', message, { details: { location }, cause: error });
}
