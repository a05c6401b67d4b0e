/** The exact store: all matching vectors in memory and every one compared with every query; all data in a log in a folder. */
import { LimnError, throwIfAborted } from '../../../core/errors.js';
import type { OnProgress } from '../../../core/progress.js';
import { checkId, checkItems, checkListQuery, checkVectorQuery } from '../check.js';
import type { Filter } from '../filter.js';
import { checkFilter } from '../filter-check.js';
import { matcherOf } from '../filter-match.js';
import { checkInfo } from '../info.js';
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
import { compareText } from '../text.js';
import { FolderWriter } from './folder-writer.js';
import { diskError } from './log.js';
import { encodeDelete, encodeUpsert, recordVectorBytes } from './records.js';
import type { ScanOptions } from './scan-threads.js';
import { openSnapshot, type Snapshot } from './snapshot.js';

/** Items that are looked at between two turns of the event loop. */
const turnItems = 16_384;

export interface MemoryCreateOptions extends ScanOptions {
  replace?: boolean | undefined;
  items?: readonly EmbeddedItem[] | undefined;
}

export class MemoryStore implements GalleryStore {
  private writing: Promise<unknown> = Promise.resolve();
  private closed: Promise<void> | undefined;

  private constructor(
    private snapshot: Snapshot,
    private readonly writer: FolderWriter,
  ) {}

  /** @throws LimnError GALLERY when there is no gallery in the folder, or it is damaged */
  static async open(folder: string, options: ScanOptions = {}): Promise<MemoryStore> {
    return new MemoryStore(await openSnapshot(folder, options), new FolderWriter(folder, options));
  }

  /**
   * Makes an empty gallery in a folder, which is made.
   *
   * @param options.replace put it in the place of a gallery that is there. @default false
   * @param options.items what it holds from the beginning: a gallery that is replaced is there until these are written. @default none
   * @throws LimnError GALLERY where there is one already, STORE where another process writes it
   */
  static async create(folder: string, info: GalleryInfo, options: MemoryCreateOptions = {}): Promise<MemoryStore> {
    const { replace = false, items = [], ...scan } = options;
    checkItems(items, checkInfo(info).sizes);
    const writer = new FolderWriter(folder, scan);
    return new MemoryStore(await writer.create(info, items, replace), writer);
  }

  get info(): GalleryInfo {
    return this.snapshot.info;
  }

  async upsert(items: readonly EmbeddedItem[]): Promise<void> {
    this.checkOpen();
    checkItems(items, this.info.sizes);
    if (items.length === 0) return;
    const { width, factors, projection } = this.info.sizes;
    const most = Math.floor(recordVectorBytes / 4 / (width + factors * projection));
    if (items.length > most)
      throw new LimnError('USAGE', `${items.length} items are too many for one write; give at most ${most}.`);
    const record = encodeUpsert(items, this.info.sizes);
    await this.write((snapshot) => snapshot.append(record));
  }

  async delete(ids: readonly string[]): Promise<number> {
    this.checkOpen();
    ids.forEach(checkId);
    const unique = [...new Set(ids)];
    return this.write(async (snapshot) => {
      const found = unique.filter((id) => snapshot.rows.rowOf.has(id));
      return found.length === 0 ? 0 : snapshot.append(encodeDelete(found));
    });
  }

  async get(ids: readonly string[]): Promise<(StoredItem | undefined)[]> {
    this.checkOpen();
    const { rows } = this.snapshot;
    return ids.map((id) => {
      const row = rows.rowOf.get(id);
      return row === undefined ? undefined : { ...(rows.items[row] as StoredItem) };
    });
  }

  async list(query: ListQuery): Promise<StoredItem[]> {
    this.checkOpen();
    checkListQuery(query);
    if (query.filter) checkFilter(query.filter);
    const matches = query.filter ? matcherOf(query.filter) : () => true;
    const { rows } = this.snapshot;
    const ids = rows.ids();
    const found: StoredItem[] = [];
    for (
      let i = query.after === undefined ? 0 : firstBehind(ids, query.after);
      i < ids.length && found.length < query.limit;
      i++
    ) {
      const row = rows.rowOf.get(ids[i] as string);
      const item = row === undefined ? undefined : (rows.items[row] as StoredItem);
      if (item && matches(item.metadata)) found.push({ ...item });
      if (i % turnItems === turnItems - 1) await turn();
    }
    return found;
  }

  async count(filter?: Filter): Promise<number> {
    this.checkOpen();
    if (!filter) return this.snapshot.rows.rowOf.size;
    const skip = await this.skipped(this.snapshot, filter);
    return skip.reduce((count, left) => count + (left === 0 ? 1 : 0), 0);
  }

  async search(query: VectorQuery): Promise<VectorHit[]> {
    this.checkOpen();
    checkVectorQuery(query, this.info.sizes);
    throwIfAborted(query.signal, 'searching');
    const { snapshot } = this;
    const vector = query.vector.slice();
    const end = snapshot.use();
    try {
      const exclude = (query.exclude ?? []).map((id) => snapshot.rows.rowOf.get(id));
      const skip = await this.skipped(snapshot, query.filter, query.signal);
      for (const row of exclude) if (row !== undefined) skip[row] = 1;
      const parts = await snapshot.scan(vector, skip, query.limit);
      throwIfAborted(query.signal, 'searching');
      const hits = parts.flatMap(({ rows, similarities }) =>
        Array.from(rows, (row, i) => ({
          row,
          item: snapshot.rows.items[row] as StoredItem,
          similarity: similarities[i] as number,
        })),
      );
      hits.sort((a, b) => b.similarity - a.similarity || compareText(a.item.id, b.item.id));
      const nearest = hits.slice(0, query.limit);
      const vectors = query.includeVectors
        ? await readVectors(
            snapshot,
            nearest.map(({ row }) => row),
          )
        : [];
      return nearest.map(({ item, similarity }, i) => ({
        item: { ...item },
        similarity,
        ...(query.includeVectors ? { vectors: vectors[i] as ItemVectors } : {}),
      }));
    } finally {
      await end();
    }
  }

  async vectors(ids: readonly string[]): Promise<(ItemVectors | undefined)[]> {
    this.checkOpen();
    const { snapshot } = this;
    const rows = ids.map((id) => snapshot.rows.rowOf.get(id));
    const end = snapshot.use();
    try {
      return await readVectors(snapshot, rows);
    } finally {
      await end();
    }
  }

  /** Writes the living items into a new log, in the order of their ids, and takes that log's place. */
  async optimise(options: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<void> {
    this.checkOpen();
    throwIfAborted(options.signal, 'optimising');
    await this.write(async (snapshot) => {
      if (snapshot.isCompact) return;
      const compacted = await this.writer.compact(snapshot, options);
      this.snapshot = compacted;
      await snapshot.retire();
    });
  }

  async beginWriting(): Promise<void> {
    this.checkOpen();
    await this.write(async () => {});
  }

  async tidy(options: { signal?: AbortSignal; onProgress?: OnProgress } = {}): Promise<void> {
    await this.optimise(options).catch((error) => {
      // Whoever holds the lock tidies up.
      if (!LimnError.isInstance(error) || error.details.lock === undefined) throw error;
    });
  }

  close(): Promise<void> {
    this.closed ??= this.writing.then(() => this.snapshot.retire()).finally(() => this.writer.release());
    return this.closed;
  }

  /** Runs writes one after another, each on what the one before left. */
  private write<T>(use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const done = this.writing.then(async () => {
      try {
        const current = await this.writer.acquire(this.snapshot);
        if (current !== this.snapshot) {
          const before = this.snapshot;
          this.snapshot = current;
          await before.retire();
        }
        return await use(this.snapshot);
      } catch (error) {
        throw diskError('write', this.snapshot.log.path, error);
      }
    });
    this.writing = done.catch(() => {});
    return done;
  }

  /** One byte a row of the snapshot as it is now, not 0 for rows that are dead or do not match. */
  private async skipped({ rows }: Snapshot, filter?: Filter, signal?: AbortSignal): Promise<Uint8Array> {
    if (filter) checkFilter(filter);
    const skip = rows.dead();
    if (!filter) return skip;
    const matches = matcherOf(filter);
    for (let row = 0; row < skip.length; row++) {
      if (skip[row] === 0 && !matches((rows.items[row] as StoredItem).metadata)) skip[row] = 1;
      if (row % turnItems === turnItems - 1) {
        await turn();
        throwIfAborted(signal, 'searching');
      }
    }
    return skip;
  }

  private checkOpen(): void {
    if (this.closed) throw new LimnError('USAGE', 'The gallery was closed; open it again.');
  }
}

async function readVectors(snapshot: Snapshot, rows: readonly (number | undefined)[]): Promise<(ItemVectors | undefined)[]> {
  try {
    return await Promise.all(rows.map((row) => (row === undefined ? undefined : snapshot.vectors(row))));
  } catch (error) {
    throw diskError('read', snapshot.log.path, error);
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The index of the first id behind one. */
function firstBehind(ids: readonly string[], after: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(ids[middle] as string, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
