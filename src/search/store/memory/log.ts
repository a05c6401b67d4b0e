/**
 * An append-only file of records, with a file beside it that says how much of it was acknowledged (acknowledged.ts). A write is
 * acknowledged when its record is on the disk and that file says so. What lies behind is a write that a crash cut short: it was never
 * acknowledged, and is passed over. Anything else that is wrong is damage, and refused.
 *
 * Logs of earlier versions have no such file until they are written to. Of them a last record is taken for cut short where the file ends
 * inside of it, or in zeros that were never filled.
 */
import { read } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from '../../../core/checksum.js';
import { LimnError, messageOf } from '../../../core/errors.js';
import { type Acknowledged, AcknowledgedFile, acknowledgedFile, readAcknowledged } from './acknowledged.js';
import { damagedLog, damagedRecord } from './damage.js';
import { ReadAhead } from './read-ahead.js';
import { chained, decodeHead, headBytes, type RecordHead, recordBytes } from './records.js';
import { Slab } from './slab.js';

export interface ReadRecord {
  head: RecordHead;
  /** The JSON text and the matching vectors. */
  body: Buffer;
  /** Where the factor vectors begin in the file. */
  factorsAt: number;
}

/** What a room that was never filled ends in. */
const blankBytes = 512;

export class Log {
  /** Bytes of whole records. */
  size = 0;
  private readonly slab = new Slab();
  /** Of the heads of the records up to `size`: see acknowledged.ts. */
  private chain = 0;
  private failedAppend = false;
  private acknowledging: AcknowledgedFile | undefined;

  private constructor(
    readonly path: string,
    /** Whether a file says what was acknowledged; logs of earlier versions have none. */
    private isAcknowledged: boolean,
    /** Stays open as long as the log, so that its number can be read from. */
    private readonly reading: FileHandle,
    /** Opened by the first write to a log that was there before. */
    private handle: FileHandle | undefined,
  ) {}

  /** Opens a log that is there, for reading. @param isAcknowledged whether a file beside it says what was acknowledged */
  static async open(path: string, isAcknowledged: boolean): Promise<Log> {
    return new Log(path, isAcknowledged, await open(path, 'r'), undefined);
  }

  /** Begins an empty log. */
  static async create(path: string): Promise<Log> {
    const file = await open(path, 'w+');
    const log = new Log(path, true, file, file);
    log.acknowledging = await AcknowledgedFile.create(acknowledgedFile(path), { bytes: 0, chain: 0 });
    return log;
  }

  /** The records from `size` on, which grows with each; the last one may be cut short. @throws LimnError GALLERY for damage */
  async *read(): AsyncGenerator<ReadRecord> {
    // Before the log's size: another process may be writing, and acknowledges last.
    const acknowledged = this.isAcknowledged ? await this.acknowledged() : undefined;
    const { size: end } = await this.reading.stat();
    if (acknowledged && end < acknowledged.bytes) {
      throw damagedLog(this.path, end, `it ends there, and ${acknowledged.bytes} bytes were acknowledged`);
    }
    const ofBefore = !acknowledged;
    // One for each reading: what lay behind the last whole record may have been written anew since.
    const file = new ReadAhead(this.reading, end);
    while (this.size < end) {
      const mayBeTorn = ofBefore || this.size >= (acknowledged as Acknowledged).bytes;
      const left = end - this.size;
      const start = await this.bytes(file, this.size, Math.min(headBytes, left));
      const head = decodeHead(start);
      if (!head) {
        if (mayBeTorn && (left < headBytes || !ofBefore || (await this.isBlank(file, this.size, end)))) return;
        throw damagedLog(this.path, this.size, 'there is no record');
      }
      const length = recordBytes(head);
      if (length > left) {
        if (mayBeTorn) return;
        throw damagedLog(this.path, this.size, 'the record there is longer than the file');
      }
      const isLast = length === left;
      const isTorn = async () =>
        mayBeTorn && isLast && (!ofBefore || (await this.isBlank(file, Math.max(this.size + headBytes, end - blankBytes), end)));
      const body = await this.bytes(file, this.size + headBytes, head.textBytes + head.matchingBytes);
      const factorsAt = this.size + headBytes + body.length;
      if (crc32(body) !== head.checksum) {
        if (await isTorn()) return;
        throw damagedRecord(this.path, this.size, head, body);
      }
      // Only the last record can have been cut short, so only its factor vectors are read here; of the others each item has its checksum.
      if (isLast && crc32(await this.bytes(file, factorsAt, head.factorBytes)) !== head.factorChecksum) {
        if (await isTorn()) return;
        throw damagedRecord(this.path, this.size, head, body);
      }
      this.size += length;
      this.chain = chained(start, this.chain);
      if (acknowledged && this.size >= acknowledged.bytes && this.size - length < acknowledged.bytes) {
        this.checkChain(acknowledged);
      }
      yield { head, body, factorsAt };
    }
  }

  /**
   * Adds a record in one step.
   *
   * @param durable whether to wait until it is on the disk, and acknowledge it. @default true
   * @returns where it begins
   */
  async append(record: Buffer, durable = true): Promise<number> {
    if (!this.handle) {
      this.handle = await open(this.path, 'r+');
      this.failedAppend = true;
    }
    const { handle } = this;
    // What a crash or a failed write left behind the last whole record.
    if (this.failedAppend) await handle.truncate(this.size);
    this.failedAppend = true;
    const from = this.size;
    for (let done = 0; done < record.length; ) {
      const { bytesWritten } = await handle.write(record, done, record.length - done, from + done);
      done += bytesWritten;
    }
    const [bytes, chain] = [from + record.length, chained(record, this.chain)];
    if (durable) {
      await handle.datasync();
      this.acknowledging ??= await this.openAcknowledging();
      await this.acknowledging.write({ bytes, chain });
    }
    this.failedAppend = false;
    this.size = bytes;
    this.chain = chain;
    return from;
  }

  /**
   * Bytes of the file. A search reads hundreds of slices, and a file handle's own promises take five times as much of the event loop.
   * The log must not be closed before this has ended.
   */
  slice(at: number, length: number): Promise<Buffer> {
    const data = this.slab.take(length);
    return new Promise((resolve, reject) => {
      const readFrom = (done: number) => {
        read(this.reading.fd, data, done, length - done, at + done, (error, bytes) => {
          if (error || bytes === 0) reject(error ?? damagedLog(this.path, at + done, 'it ends there'));
          else if (done + bytes < length) readFrom(done + bytes);
          else resolve(data);
        });
      };
      readFrom(0);
    });
  }

  /** Waits until all of it is on the disk, and acknowledges it. */
  async sync(): Promise<void> {
    await this.handle?.sync();
    this.acknowledging ??= await this.openAcknowledging();
    await this.acknowledging.write({ bytes: this.size, chain: this.chain });
    await this.acknowledging.sync();
  }

  async close(): Promise<void> {
    await this.reading.close();
    if (this.handle !== this.reading) await this.handle?.close();
    await this.acknowledging?.sync().catch(() => {});
    await this.acknowledging?.close();
  }

  /** Compares every record's factor vectors with their checksum, which reading alone does not. @throws LimnError GALLERY for damage */
  async verify(): Promise<void> {
    const file = new ReadAhead(this.reading, this.size);
    for (let at = 0; at < this.size; ) {
      const head = decodeHead(await this.bytes(file, at, headBytes));
      if (!head) throw damagedLog(this.path, at, 'there is no record');
      const factorsAt = at + headBytes + head.textBytes + head.matchingBytes;
      if (crc32(await this.bytes(file, factorsAt, head.factorBytes)) !== head.factorChecksum) {
        throw damagedRecord(this.path, at, head, await this.bytes(file, at + headBytes, head.textBytes));
      }
      at += recordBytes(head);
    }
  }

  /** Says from now on what was acknowledged, also of a log of an earlier version. For the process that may write. */
  async beginAcknowledging(): Promise<void> {
    if (this.isAcknowledged) return;
    const first = { bytes: this.size, chain: this.chain };
    this.acknowledging = await AcknowledgedFile.create(acknowledgedFile(this.path), first);
    this.isAcknowledged = true;
  }

  private openAcknowledging(): Promise<AcknowledgedFile> {
    return AcknowledgedFile.open(acknowledgedFile(this.path));
  }

  private async acknowledged(): Promise<Acknowledged> {
    const file = acknowledgedFile(this.path);
    const found = await readAcknowledged(file).catch((error: NodeJS.ErrnoException) => {
      // A log that was replaced goes together with its file.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found) return found;
    throw damagedLog(file, 0, 'it does not say how much of the log was acknowledged');
  }

  private checkChain({ bytes, chain }: Acknowledged): void {
    if (this.size === bytes && this.chain === chain) return;
    throw damagedLog(this.path, this.size, 'the records up to there are not those that were acknowledged');
  }

  private async bytes(file: ReadAhead, at: number, length: number): Promise<Buffer> {
    const data = await file.bytes(at, length);
    if (data.length < length) throw damagedLog(this.path, at + data.length, 'it ends there');
    return data;
  }

  /** Whether there are only zeros from `at` on: room that a file system gave before a crash. */
  private async isBlank(file: ReadAhead, from: number, end: number): Promise<boolean> {
    for (let at = from; at < end; ) {
      const part = await this.bytes(file, at, Math.min(1 << 20, end - at));
      if (part.some((byte) => byte !== 0)) return false;
      at += part.length;
    }
    return true;
  }
}

/** An error of the disk as the store's. */
export function diskError(doing: string, path: string, error: unknown): unknown {
  if (LimnError.isInstance(error)) return error;
  const message = `Cannot ${doing} ${path}: ${messageOf(error)}. Check the disk's free space and your rights to the folder.`;
  return new LimnError('STORE', message, { details: { path }, cause: error });
}
