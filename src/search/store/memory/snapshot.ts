/** A log with its rows in memory. It grows by appending, and is replaced as a whole when it is compacted. */
import { join } from 'node:path';
import { crc32 } from '../../../core/checksum.js';
import type { GalleryInfo, StoredItem } from '../store.js';
import { damagedItem } from './damage.js';
import { diskError, Log } from './log.js';
import { readManifest } from './manifest.js';
import { decodeHead, headBytes, type RecordHead, recordBytes } from './records.js';
import { Rows } from './rows.js';
import type { ScanResult } from './scan.js';
import { type ScanOptions, ScanThreads } from './scan-threads.js';
import { Slab } from './slab.js';

export class Snapshot {
  readonly rows: Rows;
  private readonly threads: ScanThreads;
  private readonly slab = new Slab();
  private users = 0;
  private retired = false;
  /** Rows there were when the log was compacted; it is compact while these are all, and alive. */
  compactRows = 0;

  constructor(
    readonly info: GalleryInfo,
    readonly log: Log,
    options: ScanOptions,
  ) {
    this.rows = new Rows(info.sizes);
    this.threads = new ScanThreads(this.rows.matrix, options);
  }

  get isCompact(): boolean {
    return this.rows.items.length === this.compactRows && this.rows.rowOf.size === this.compactRows;
  }

  /** Takes up what the log has beyond what is known. */
  async catchUp(): Promise<void> {
    for await (const record of this.log.read()) this.rows.apply(record);
  }

  /** Makes a record durable unless told otherwise, then visible. @returns how many items a delete removed */
  async append(record: Buffer, durable = true): Promise<number> {
    const from = await this.log.append(record, durable);
    return this.rows.apply(recordAt(record, from));
  }

  scan(vector: Float32Array, skip: Uint8Array, limit: number): Promise<ScanResult[]> {
    return this.threads.scan(vector, skip, limit);
  }

  /** The vectors of a row: copies. */
  async vectors(row: number): Promise<{ matching: Float32Array; factors: Float32Array }> {
    const { factors, projection } = this.info.sizes;
    const found = this.rows.matrix.row(row);
    const room = this.slab.take(found.byteLength);
    const matching = new Float32Array(room.buffer, room.byteOffset, found.length);
    matching.set(found);
    if (factors * projection === 0) return { matching, factors: new Float32Array(0) };
    const at = this.rows.factorsAt[row] as number;
    const bytes = await this.log.slice(at, 4 * factors * projection);
    const checksum = this.rows.factorChecksums[row];
    if (checksum !== undefined && crc32(bytes) !== checksum) {
      throw damagedItem(this.log.path, at, (this.rows.items[row] as StoredItem).id);
    }
    return { matching, factors: new Float32Array(bytes.buffer, bytes.byteOffset, factors * projection) };
  }

  /** Keeps the snapshot from being freed. @returns what ends the use */
  use(): () => Promise<void> {
    this.users++;
    return async () => {
      this.users--;
      await this.freeIfDone();
    };
  }

  /** Frees the snapshot when nobody uses it any more. */
  async retire(): Promise<void> {
    this.retired = true;
    await this.freeIfDone();
  }

  private async freeIfDone(): Promise<void> {
    if (!this.retired || this.users > 0) return;
    this.retired = false;
    await this.threads.close();
    await this.log.close();
  }
}

function recordAt(record: Buffer, at: number) {
  const head = decodeHead(record) as RecordHead;
  const body = record.subarray(headBytes, headBytes + head.textBytes + head.matchingBytes);
  return { head, body, factorsAt: at + recordBytes(head) - head.factorBytes };
}

/** Reads a gallery's folder. @throws LimnError GALLERY when there is none, or it is damaged */
export async function openSnapshot(folder: string, options: ScanOptions): Promise<Snapshot> {
  for (let attempt = 0; ; attempt++) {
    const { info, log: name, isAcknowledged } = await readManifest(folder);
    const path = join(folder, name);
    let log: Log;
    try {
      log = await Log.open(path, isAcknowledged);
    } catch (error) {
      // Another process may have put a compacted log in its place since the manifest was read.
      if (attempt < 5 && (error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw diskError('read', path, error);
    }
    const snapshot = new Snapshot(info, log, options);
    try {
      await snapshot.catchUp();
      return snapshot;
    } catch (error) {
      await snapshot.retire();
      // Or since the log was opened: what was acknowledged of the old one is gone then.
      if (attempt < 5 && (await readManifest(folder)).log !== name) continue;
      throw diskError('read', path, error);
    }
  }
}
