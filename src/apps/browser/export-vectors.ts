/** The vectors of an export: fetched shard by shard, and searched once all are here, or before that as far as they are. */
import { LimnError, messageOf } from '../../core/errors.js';
import type { ExportManifest } from '../../search/export/format.js';
import { openShard, type Shard } from '../../search/export/vector-codes.js';
import type { ItemVectors } from '../../search/store/store.js';
import type { ExportFiles } from './fetch-files.js';
import { ScanMatrix } from './scan.js';

/** Shards that are fetched at once. */
const atOnce = 4;

/** How much has come. */
export interface Arrived {
  shards: number;
  images: number;
  /** Whether nothing more will come. */
  isWhole: boolean;
}

export class ExportVectors {
  /** One byte a row, not 0 for those whose vectors are not here. */
  readonly missing: Uint8Array;
  private scanned: ScanMatrix | undefined;
  private readonly shards: (Shard | undefined)[] = [];
  private readonly faults = new Map<number, string>();
  private readonly arrived: Arrived = { shards: 0, images: 0, isWhole: false };
  private readonly watchers = new Set<() => void>();
  private loading: Promise<void> | undefined;

  constructor(
    private readonly manifest: ExportManifest,
    private readonly files: ExportFiles,
  ) {
    this.missing = new Uint8Array(manifest.count).fill(1);
  }

  /** Codes of the matching vectors; those who only look at images have no room taken for them. */
  get matrix(): ScanMatrix {
    const { count, sizes } = this.manifest;
    this.scanned ??= new ScanMatrix(count, sizes.width);
    return this.scanned;
  }

  /** Fetches all that is not here. Shards that cannot be used are left out, which a note says. @throws LimnError where none can, INTERRUPTED */
  load(): Promise<void> {
    this.loading ??= this.loadAll().catch((error) => {
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  /** Resolves once so many shards are here, or all that will come. @throws as {@link load} */
  async here(shards: number): Promise<Arrived> {
    return this.until(() => this.arrived.shards >= shards);
  }

  /** A row's vectors, once they are here. @throws LimnError DATA where they cannot come, and as {@link load} */
  async of(row: number): Promise<ItemVectors> {
    const place = this.placeOf(row);
    await this.until(() => this.shards[place] !== undefined);
    const vectors = this.known(row);
    if (vectors) return vectors;
    await this.load();
    throw new LimnError('DATA', this.faults.get(place) as string);
  }

  /** A row's vectors where they are here. */
  known(row: number): ItemVectors | undefined {
    const place = this.placeOf(row);
    return this.shards[place]?.vectors(row - (this.manifest.shards[place]?.from ?? 0));
  }

  private placeOf(row: number): number {
    return this.manifest.shards.findIndex(({ from, count }) => row >= from && row < from + count);
  }

  private async until(isHere: () => boolean): Promise<Arrived> {
    const whole = this.load();
    // Those who wait for a part of it are not told of what happens to the rest.
    whole.catch(() => undefined);
    while (!isHere() && !this.arrived.isWhole) {
      let wake = () => {};
      const news = new Promise<void>((resolve) => {
        wake = resolve;
      });
      this.watchers.add(wake);
      await Promise.race([news, whole]).finally(() => this.watchers.delete(wake));
    }
    return { ...this.arrived };
  }

  private async loadAll(): Promise<void> {
    const { shards, count } = this.manifest;
    this.faults.clear();
    this.arrived.isWhole = false;
    let next = 0;
    const fetchThem = async () => {
      while (next < shards.length) await this.fetchShard(next++);
    };
    await Promise.all(Array.from({ length: atOnce }, fetchThem));
    const [fault] = this.faults.values();
    if (this.faults.size === shards.length) throw new LimnError('DATA', fault as string);
    if (fault !== undefined) {
      this.files.notes.add(`${count - this.arrived.images} of ${count} images are left out of searches: ${fault}`);
    }
  }

  private async fetchShard(place: number): Promise<void> {
    if (this.shards[place]) return;
    const file = this.manifest.shards[place] as ExportManifest['shards'][number];
    const { from, count } = file;
    const { sizes, vectors } = this.manifest;
    try {
      const bytes = await this.files.read(file);
      // A download that was stopped and begun again may have brought it meanwhile.
      if (this.shards[place]) return;
      const shard = openShard(bytes, count, sizes, vectors.type);
      for (let row = 0; row < count; row++) this.matrix.set(from + row, (out) => shard.codes(row, out));
      this.shards[place] = shard;
      this.missing.fill(0, from, from + count);
      this.arrived.shards++;
      this.arrived.images += count;
    } catch (error) {
      if (LimnError.isInstance(error) && error.code === 'INTERRUPTED') throw error;
      this.faults.set(place, messageOf(error));
    }
    this.arrived.isWhole = this.arrived.shards + this.faults.size === this.manifest.shards.length;
    for (const wake of this.watchers) wake();
  }
}
