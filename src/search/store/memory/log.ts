/**
 * An append-only file of records. A write is acknowledged when its record is on the disk; a record that a crash cut short is at the
 * end of the file, was never acknowledged, and is passed over. Anything else that is wrong is damage.
 */
import { read } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { LimnError, messageOf } from '../../../core/errors.js';
import { decodeHead, headBytes, type RecordHead, recordBytes } from './records.js';
import { Slab } from './slab.js';

export interface ReadRecord {
  head: RecordHead;
  /** The JSON text and the matching vectors. */
  body: Buffer;
  /** Where the factor vectors begin in the file. */
  factorsAt: number;
}

export class Log {
  /** Bytes of whole records. */
  size = 0;
  private readonly slab = new Slab();
  private failedAppend = false;

  private constructor(
    readonly path: string,
    /** Stays open as long as the log, so that its number can be read from. */
    private readonly reading: FileHandle,
    /** Opened by the first write to a log that was there before. */
    private handle: FileHandle | undefined,
  ) {}

  /** @param create begin an empty file. @default open the one that is there, for reading */
  static async open(path: string, { create = false } = {}): Promise<Log> {
    const file = await open(path, create ? 'w+' : 'r');
    return new Log(path, file, create ? file : undefined);
  }

  /** The records from `size` on, which grows with each; the last one may be cut short. @throws LimnError GALLERY for damage */
  async *read(): AsyncGenerator<ReadRecord> {
    const { size: end } = await this.reading.stat();
    while (this.size < end) {
      const left = end - this.size;
      const start = await this.bytes(this.size, Math.min(headBytes, left));
      const head = decodeHead(start);
      if (!head) {
        if (left < headBytes || (await this.isBlank(end))) return;
        throw this.damaged();
      }
      const length = recordBytes(head);
      if (length > left) return;
      const isLast = length === left;
      const body = await this.bytes(this.size + headBytes, head.textBytes + head.matchingBytes);
      const factorsAt = this.size + headBytes + body.length;
      if (crc32(body) !== head.checksum) {
        if (isLast) return;
        throw this.damaged();
      }
      // Only the last record can have been cut short, so only its factor vectors are read here.
      if (isLast && crc32(await this.bytes(factorsAt, head.factorBytes)) !== head.factorChecksum) return;
      this.size += length;
      yield { head, body, factorsAt };
    }
  }

  /** Adds a record in one step. @param durable whether to wait until it is on the disk @returns where it begins */
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
    if (durable) await handle.datasync();
    this.failedAppend = false;
    this.size = from + record.length;
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
          if (error || bytes === 0) reject(error ?? this.damaged());
          else if (done + bytes < length) readFrom(done + bytes);
          else resolve(data);
        });
      };
      readFrom(0);
    });
  }

  async sync(): Promise<void> {
    await this.handle?.sync();
  }

  async close(): Promise<void> {
    await this.reading.close();
    if (this.handle !== this.reading) await this.handle?.close();
  }

  private async bytes(at: number, length: number): Promise<Buffer> {
    const data = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.reading.read(data, done, length - done, at + done);
      if (bytesRead === 0) throw this.damaged();
      done += bytesRead;
    }
    return data;
  }

  /** Whether there are only zeros from `size` on: room that a file system gave before a crash. */
  private async isBlank(end: number): Promise<boolean> {
    for (let at = this.size; at < end; ) {
      const part = await this.bytes(at, Math.min(1 << 20, end - at));
      if (part.some((byte) => byte !== 0)) return false;
      at += part.length;
    }
    return true;
  }

  private damaged(): LimnError {
    const message = `${this.path} is damaged at byte ${this.size}, before its end. Restore it from a copy, or make the gallery again with "limn index".`;
    return new LimnError('GALLERY', message, { details: { path: this.path, byte: this.size } });
  }
}

/** An error of the disk as the store's. */
export function diskError(doing: string, path: string, error: unknown): unknown {
  if (LimnError.isInstance(error)) return error;
  const message = `Cannot ${doing} ${path}: ${messageOf(error)}. Check the disk's free space and your rights to the folder.`;
  return new LimnError('STORE', message, { details: { path }, cause: error });
}
