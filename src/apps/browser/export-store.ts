/** The images of an export as a store that is read: columns and vectors in memory, searched as any other store. */
import { LimnError, throwIfAborted } from '../../core/errors.js';
import type { Columns } from '../../search/export/columns.js';
import type { ExportManifest } from '../../search/export/format.js';
import type { SearchedStore } from '../../search/gallery/search/candidates.js';
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
import { type Arrived, ExportVectors } from './export-vectors.js';
import type { ExportFiles } from './fetch-files.js';

/** Rows beyond those that are asked for, which are compared exactly: what the codes put in the wrong order lies among them. */
const spare = 64;
/** Filters whose rows are remembered. */
const mostFilters = 8;

export class ExportStore implements GalleryStore {
  readonly info: GalleryInfo;
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly filtered = new Map<string, Uint8Array>();
  private readonly loaded: ExportVectors;

  constructor(
    manifest: ExportManifest,
    private readonly columns: Columns,
    files: ExportFiles,
  ) {
    const { model, gamma, sizes } = manifest;
    this.info = { model: { ...model, folder: { relative: '.', absolute: '.' } }, gamma, sizes };
    this.loaded = new ExportVectors(manifest, files);
    this.rowOf = new Map(columns.ids.map((id, row) => [id, row]));
  }

  /** Fetches all vectors, once. @throws as {@link ExportVectors.load} */
  load(): Promise<void> {
    return this.loaded.load();
  }

  /** Resolves once the vectors of so many shards are here, or all that will come. */
  here(shards: number): Promise<Arrived> {
    return this.loaded.here(shards);
  }

  /** This store, searched as far as its vectors are here. */
  early(): SearchedStore {
    return { info: this.info, search: (query) => this.searchHere(query) };
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

  async search(query: VectorQuery): Promise<VectorHit[]> {
    await this.load();
    return this.searchHere(query);
  }

  async vectors(ids: readonly string[]): Promise<(ItemVectors | undefined)[]> {
    return Promise.all(
      ids.map((id) => {
        const row = this.rowOf.get(id);
        return row === undefined ? undefined : this.loaded.of(row);
      }),
    );
  }

  upsert(): Promise<void> {
    return Promise.reject(readOnly());
  }

  delete(): Promise<number> {
    return Promise.reject(readOnly());
  }

  async optimise(): Promise<void> {}

  async close(): Promise<void> {}

  private async searchHere({ vector, limit, filter, exclude = [], includeVectors, signal }: VectorQuery): Promise<VectorHit[]> {
    throwIfAborted(signal, 'searching');
    const { matrix, missing } = this.loaded;
    const skip = this.skipped(filter).slice();
    for (let row = 0; row < skip.length; row++) skip[row] = (skip[row] as number) | (missing[row] as number);
    for (const id of exclude) {
      const row = this.rowOf.get(id);
      if (row !== undefined) skip[row] = 1;
    }
    const hits = matrix.nearest(vector, skip, limit + spare).map((row) => {
      const found = this.loaded.known(row) as ItemVectors;
      return { row, found, similarity: dot(vector, 0, found.matching, 0, vector.length) };
    });
    hits.sort((a, b) => b.similarity - a.similarity || a.row - b.row);
    return hits.slice(0, limit).map(({ row, found, similarity }) => ({
      item: this.item(row),
      similarity,
      ...(includeVectors ? { vectors: found } : {}),
    }));
  }

  private item(row: number): StoredItem {
    const { id, content, metadata } = this.columns.item(row);
    return { id, content, metadata, location: String(row) };
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
}

const readOnly = () => new LimnError('USAGE', 'An export cannot be changed: change the gallery, and export it again.');
