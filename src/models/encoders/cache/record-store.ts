/**
 * Records of one length on disk, found by a content key, that several processes may read and write at once and that a crash
 * cannot damage. Features and pixels are cached in it. segment.ts has the file format. A record is compared with its checksum when
 * {@link RecordStore.gather} reads it first, and whenever {@link RecordStore.read} does.
 *
 * Reading is by position and straight into the caller's memory: from the page cache that costs one copy, like a memory map.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readvSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from '../../../core/checksum.js';
import { LimnError, messageOf } from '../../../core/errors.js';
import { makeFolder } from '../../../core/files.js';
import {
  dataFile,
  dropEntry,
  type Entry,
  isFree,
  parseIndexName,
  readEntries,
  type SegmentName,
  SegmentWriter,
} from './segment.js';

/** Where a record is: `segment * 2^32 + slot`. Records that follow one another in a file have places that do. */
export type Place = number;
const segmentStep = 2 ** 32;
const rowsPerRead = 256;

/** A run of equal parts of records, one row after another. */
export interface GatherTarget {
  out: Uint8Array;
  /** The part's bytes in one record. */
  bytes: number;
}

interface Segment {
  name: SegmentName;
  file?: number;
  /** By slot. */
  checksums: number[];
  /** Slots whose records have been compared with their checksums. */
  compared: boolean[];
}

export class RecordStore {
  private readonly places = new Map<string, Place>();
  private readonly segments: Segment[] = [];
  private writer: { writer: SegmentWriter; segment: number } | undefined;
  private closed = false;
  /** Records that were found to be lost when the store was opened. */
  damaged = 0;

  private constructor(
    readonly folder: string,
    readonly recordBytes: number,
  ) {}

  /**
   * Opens a store, or makes it. What other processes append later is not seen.
   *
   * @throws LimnError IO when the folder cannot be read or made, DATA when it holds records of another length
   */
  static async open(folder: string, recordBytes: number): Promise<RecordStore> {
    try {
      await makeFolder(folder);
      for (let attempt = 0; ; attempt++) {
        const store = new RecordStore(folder, recordBytes);
        try {
          for (const file of (await readdir(folder)).sort()) {
            const name = parseIndexName(file);
            if (!name) continue;
            const { entries, damaged } = await readEntries(folder, name, recordBytes);
            store.learn(store.segmentOf(name), entries);
            store.damaged += damaged;
          }
          return store;
        } catch (error) {
          // A segment changed hands, and so its name, between listing and reading.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt >= 20) throw error;
        }
      }
    } catch (error) {
      throw wrapped(error, folder, 'open');
    }
  }

  get size(): number {
    return this.places.size;
  }

  /** The place of a record, or nothing when it is not stored. */
  placeOf(key: string): Place | undefined {
    return this.places.get(key);
  }

  /** Stores records (keys: 64 hexadecimal digits). When this returns they survive a crash. One call at a time. */
  async append(records: readonly { key: string; bytes: Uint8Array }[]): Promise<void> {
    const wrong = records.find(({ bytes }) => bytes.length !== this.recordBytes);
    if (wrong) throw new Error(`a record of ${wrong.bytes.length} bytes in a store of ${this.recordBytes}`);
    if (records.length === 0) return;
    try {
      this.writer ??= await this.takeSegment();
      const { writer, segment } = this.writer;
      const first = await writer.append(records);
      this.learn(
        segment,
        records.map(({ key, bytes }) => ({ key, checksum: crc32(bytes) })),
        first,
      );
    } catch (error) {
      throw wrapped(error, this.folder, 'write to');
    }
  }

  /**
   * Copies records into memory, split into parts: row i of every target gets its part of record `places[i]`.
   *
   * @param targets the parts of a record in order; their bytes add up to the record's
   * @throws LimnError IO when the files are shorter than they were, or a record is damaged; that one is made again by the next run
   */
  gather(places: ArrayLike<Place>, targets: readonly GatherTarget[]): void {
    for (let start = 0; start < places.length; ) {
      const place = places[start] as Place;
      let end = start + 1;
      while (end < places.length && end - start < rowsPerRead && places[end] === place + (end - start)) end++;
      this.readRun(place, start, end, targets);
      start = end;
    }
  }

  /**
   * A copy of a record; undefined where it is not stored.
   *
   * @throws LimnError IO as {@link gather}; the file may have been damaged, or written anew by another process, since this one opened it
   */
  read(key: string): Uint8Array<ArrayBuffer> | undefined {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    const bytes = new Uint8Array(this.recordBytes);
    (this.segments[Math.floor(place / segmentStep)] as Segment).compared[place % segmentStep] = false;
    this.readRun(place, 0, 1, [{ out: bytes, bytes: bytes.length }]);
    return bytes;
  }

  /** Closes the files. Every whole record stays. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const segment of this.segments) if (segment.file !== undefined) closeSync(segment.file);
    await this.writer?.writer.release();
  }

  private readRun(place: Place, start: number, end: number, targets: readonly GatherTarget[]): void {
    const slot = place % segmentStep;
    const buffers: Uint8Array[] = [];
    const [only] = targets;
    if (targets.length === 1 && only) buffers.push(only.out.subarray(start * only.bytes, end * only.bytes));
    else {
      for (let row = start; row < end; row++) {
        for (const { out, bytes } of targets) buffers.push(out.subarray(row * bytes, (row + 1) * bytes));
      }
    }
    const expected = (end - start) * this.recordBytes;
    const read = readvSync(this.fileOf(Math.floor(place / segmentStep)), buffers, slot * this.recordBytes);
    if (read !== expected) {
      throw new LimnError('IO', `The cache ${this.folder} was changed while in use (${read} bytes of ${expected}). Run again.`);
    }
    this.verify(place, buffers);
  }

  /** Compares records that follow one another with their checksums. @param buffers their parts, as many a record */
  private verify(place: Place, buffers: readonly Uint8Array[]): void {
    const { checksums, compared, name } = this.segments[Math.floor(place / segmentStep)] as Segment;
    let slot = place % segmentStep;
    let bytes = 0;
    let checksum = 0;
    // Each buffer belongs to one record, or is a run of whole ones.
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length; ) {
        const part = buffer.subarray(at, at + Math.min(buffer.length - at, this.recordBytes - bytes));
        if (!compared[slot]) checksum = crc32(part, checksum);
        at += part.length;
        bytes += part.length;
        if (bytes < this.recordBytes) continue;
        if (!compared[slot] && checksums[slot] !== checksum) this.refuse(name, slot);
        compared[slot] = true;
        [bytes, checksum] = [0, 0];
        slot++;
      }
    }
  }

  private refuse(name: SegmentName, slot: number): never {
    const path = join(this.folder, dataFile(name.id));
    const byte = slot * this.recordBytes;
    dropEntry(this.folder, name.id, slot);
    const message = `The cache ${path} is damaged at byte ${byte}: the record there does not fit its checksum. It was removed; run the command again to compute it again.`;
    throw new LimnError('IO', message, { details: { path, byte } });
  }

  private fileOf(index: number): number {
    const segment = this.segments[index];
    if (!segment || this.closed) throw new LimnError('IO', `The cache ${this.folder} is closed.`);
    segment.file ??= openSync(join(this.folder, dataFile(segment.name.id)), 'r');
    return segment.file;
  }

  private async takeSegment(): Promise<{ writer: SegmentWriter; segment: number }> {
    for (const [segment, { name }] of this.segments.entries()) {
      const taken = isFree(name) ? await SegmentWriter.take(this.folder, name, this.recordBytes) : undefined;
      if (!taken) continue;
      this.learn(segment, taken.entries);
      return { writer: taken.writer, segment };
    }
    const name = { id: randomBytes(8).toString('hex'), owner: '' };
    const made = await SegmentWriter.take(this.folder, name, this.recordBytes, true);
    if (!made) throw new Error('the new segment vanished');
    return { writer: made.writer, segment: this.segmentOf(made.writer.name) };
  }

  private segmentOf(name: SegmentName): number {
    return this.segments.push({ name, checksums: [], compared: [] }) - 1;
  }

  private learn(segment: number, entries: readonly (Entry | undefined)[], first = 0): void {
    const { checksums, compared } = this.segments[segment] as Segment;
    entries.forEach((entry, i) => {
      if (!entry) return;
      if (!compared[first + i]) checksums[first + i] = entry.checksum;
      if (!this.places.has(entry.key)) this.places.set(entry.key, segment * segmentStep + first + i);
    });
  }
}

function wrapped(error: unknown, folder: string, doing: string): unknown {
  if (LimnError.isInstance(error)) return error;
  const advice = "Check the disk's free space and your rights to the folder, or set LIMN_HOME to another one.";
  return new LimnError('IO', `Cannot ${doing} the cache ${folder}: ${messageOf(error)}. ${advice}`, {
    details: { folder },
    cause: error,
  });
}
