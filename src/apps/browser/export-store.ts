/** The images of an export as a store that is read: columns and shards in memory, searched as any other store. */
import { LimnError, messageOf, throwIfAborted } from '../../core/errors.js';
import type { Columns } from '../../search/export/columns.js';
import type { ExportManifest } from '../../search/export/format.js';
import { openShard, type Shard } from '../../search/export/vector-codes.js';
import { dot } from '../../search/gallery/search/vectors.js';
import type { Filter } from '../../search/store/filter.js';
import { matcherOf } from '../../search/store/filter-match.js';
import type {
  GalleryInfo,
  GalleryStore,
  ItemVectors,
  ListQuery,
  StoredItem,
  VectorHit,
  VectorQuery,
} from '../../search/store/store.js';
import { compareText } from '../../search/store/text.js';
import type { ExportFiles } from './fetch-files.js';
import { ScanMatrix } from './scan.js';

/** Rows beyond those that are asked for, which are compared exactly: what the codes put in the wrong order lies among them. */
const spare = 64;
/** Filters whose rows are remembered. */
const mostFilters = 8;
/** Shards that are fetched at once. */
const atOnce = 4;

interface Vectors {
  shards: (Shard | undefined)[];
  matrix: ScanMatrix;
  missing: Uint8Array;
}

export class ExportStore implements GalleryStore {
  readonly info: GalleryInfo;
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly filtered = new Map<string, Uint8Array>();
  private loaded: Promise<Vectors> | undefined;

  constructor(
    private readonly manifest: ExportManifest,
    private readonly columns: Columns,
    private readonly files: ExportFiles,
  ) {
    const { model, gamma, sizes } = manifest;
    this.info = { model: { ...model, folder: { relative: '.', absolute: '.' } }, gamma, sizes };
    this.rowOf = new Map(columns.ids.map((id, row) => [id, row]));
  }

  /** Fetches all vectors, once. Shards that cannot be used are left out, which a note says. */
  load(): Promise<Vectors> {
    this.loaded ??= this.loadAll().catch((error) => {
      this.loaded = undefined;
      throw error;
    });
    return this.loaded;
  }

  /** An item's place in the columns; undefined for an unknown id. */
  row(id: string): number | undefined {
    return this.rowOf.get(id);
  }

  async get(ids: readonly string[]): Promise<(StoredItem | undefined)[]> {
    return ids.map((id) => {
      const row = this.rowOf.get(id);
      return row === undefined ? undefined : this.item(row);
    });
  }

  async list({ after, limit, filter }: ListQuery): Promise<StoredItem[]> {
    const skip = this.skipped(filter);
    const found: StoredItem[] = [];
    for (let row = 0; row < skip.length && found.length < limit; row++) {
      if (skip[row] !== 0 || (after !== undefined && compareText(this.columns.ids[row] as string, after) <= 0)) continue;
      found.push(this.item(row));
    }
    return found;
  }

  async count(filter?: Filter): Promise<number> {
    return this.skipped(filter).reduce((count, left) => count + (left === 0 ? 1 : 0), 0);
  }

  async search({ vector, limit, filter, exclude = [], includeVectors, signal }: VectorQuery): Promise<VectorHit[]> {
    const vectors = await this.load();
    throwIfAborted(signal, 'searching');
    const skip = this.skipped(filter).slice();
    vectors.missing.forEach((missing, row) => {
      if (missing !== 0) skip[row] = 1;
    });
    for (const id of exclude) {
      const row = this.rowOf.get(id);
      if (row !== undefined) skip[row] = 1;
    }
    const hits = vectors.matrix.nearest(vector, skip, limit + spare).map((row) => {
      const found = this.vectorsOf(vectors, row) as ItemVectors;
      return { row, found, similarity: dot(vector, 0, found.matching, 0, vector.length) };
    });
    hits.sort((a, b) => b.similarity - a.similarity || a.row - b.row);
    return hits.slice(0, limit).map(({ row, found, similarity }) => ({
      item: this.item(row),
      similarity,
      ...(includeVectors ? { vectors: found } : {}),
    }));
  }

  async vectors(ids: readonly string[]): Promise<(ItemVectors | undefined)[]> {
    const vectors = await this.load();
    return ids.map((id) => {
      const row = this.rowOf.get(id);
      return row === undefined ? undefined : this.vectorsOf(vectors, row);
    });
  }

  upsert(): Promise<void> {
    return Promise.reject(readOnly());
  }

  delete(): Promise<number> {
    return Promise.reject(readOnly());
  }

  async optimise(): Promise<void> {}

  async close(): Promise<void> {
    this.loaded = undefined;
  }

  private item(row: number): StoredItem {
    const { id, content, metadata } = this.columns.item(row);
    return { id, content, metadata, location: String(row) };
  }

  private vectorsOf({ shards }: Vectors, row: number): ItemVectors | undefined {
    const place = this.manifest.shards.findIndex(({ from, count }) => row >= from && row < from + count);
    return shards[place]?.vectors(row - (this.manifest.shards[place]?.from ?? 0));
  }

  /** One byte a row, not 0 for those that do not match. */
  private skipped(filter: Filter | undefined): Uint8Array {
    const key = JSON.stringify(filter ?? null);
    const known = this.filtered.get(key);
    if (known) return known;
    const skip = new Uint8Array(this.columns.ids.length);
    if (filter) {
      const fits = matcherOf(filter);
      for (let row = 0; row < skip.length; row++) if (!fits(this.columns.item(row).metadata)) skip[row] = 1;
    }
    const [oldest] = this.filtered.keys();
    if (this.filtered.size >= mostFilters) this.filtered.delete(oldest as string);
    this.filtered.set(key, skip);
    return skip;
  }

  private async loadAll(): Promise<Vectors> {
    const { shards: wanted, sizes, vectors, count } = this.manifest;
    const matrix = new ScanMatrix(count, sizes.width);
    const missing = new Uint8Array(count);
    const shards: (Shard | undefined)[] = [];
    const faults: string[] = [];
    for (let at = 0; at < wanted.length; at += atOnce) {
      const part = wanted.slice(at, at + atOnce);
      const read = await Promise.allSettled(part.map((file) => this.files.read(file)));
      for (const [i, { from, count: length }] of part.entries()) {
        const result = read[i] as PromiseSettledResult<Uint8Array>;
        if (result.status === 'rejected') {
          if (LimnError.isInstance(result.reason) && result.reason.code === 'INTERRUPTED') throw result.reason;
          faults.push(messageOf(result.reason));
          shards.push(undefined);
          missing.fill(1, from, from + length);
          continue;
        }
        const shard = openShard(result.value, length, sizes, vectors.type);
        for (let row = 0; row < length; row++) matrix.set(from + row, (out) => shard.codes(row, out));
        shards.push(shard);
      }
    }
    if (faults.length === wanted.length) throw new LimnError('DATA', faults[0] as string);
    if (faults.length > 0) {
      const lost = missing.reduce((sum, one) => sum + one, 0);
      this.files.notes.add(`${lost} of ${count} images are left out of searches: ${faults[0]}`);
    }
    return { shards, matrix, missing };
  }
}

const readOnly = () => new LimnError('USAGE', 'An export cannot be changed: change the gallery, and export it again.');
