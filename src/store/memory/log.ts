/**
 * An append-only file of records. A write is acknowledged when its record is on the disk; a record that a crash cut short is at the
 * end of the file, was never acknowledged, and is passed over. Anything else that is wrong is damage.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { LimnError, messageOf } from '../../core/errors.js';
import { decodeHead, headBytes, type RecordHead, recordBytes } from './records.js';

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
  private failedAppend = false;

  private constructor(
    readonly path: string,
    private handle: FileHandle,
    private writable: boolean,
  ) {}

  /** @param create begin an empty file. @default open the one that is there, for reading */
  static async open(path: string, { create = false } = {}): Promise<Log> {
    return new Log(path, await open(path, create ? 'w+' : 'r'), create);
  }

  /** The records from `size` on, which grows with each; the last one may be cut short. @throws LimnError GALLERY for damage */
  async *read(): AsyncGenerator<ReadRecord> {
    const { size: end } = await this.handle.stat();
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
    if (!this.writable) {
      const reading = this.handle;
      this.handle = await open(this.path, 'r+');
      this.writable = true;
      await reading.close();
      this.failedAppend = true;
    }
    // What a crash or a failed write left behind the last whole record.
    if (this.failedAppend) await this.handle.truncate(this.size);
    this.failedAppend = true;
    const from = this.size;
    await this.write(record, from);
    if (durable) await this.handle.datasync();
    this.failedAppend = false;
    this.size = from + record.length;
    return from;
  }

  /** Bytes of the file. */
  slice(at: number, length: number): Promise<Buffer> {
    return this.bytes(at, length);
  }

  async sync(): Promise<void> {
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async write(data: Buffer, at: number): Promise<void> {
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await this.handle.write(data, done, data.length - done, at + done);
      done += bytesWritten;
    }
  }

  private async bytes(at: number, length: number): Promise<Buffer> {
    const data = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.handle.read(data, done, length - done, at + done);
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
