/**
 * Reads a file from front to back in parts of any size. Small parts come from one larger read: a log of many small writes has two or
 * three of them a record, and each would be a journey of its own to the disk and back.
 */
import type { FileHandle } from 'node:fs/promises';

const windowBytes = 1 << 16;

export class ReadAhead {
  private window = Buffer.alloc(0);
  private windowAt = 0;

  /** @param end where the file is taken to end; what is behind it is not read */
  constructor(
    private readonly file: FileHandle,
    private readonly end: number,
  ) {}

  /** A copy of the bytes at a place; fewer where the file ends before. */
  async bytes(at: number, length: number): Promise<Buffer> {
    const data = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.end - at)));
    if (data.length > windowBytes) return data.subarray(0, await this.fill(data, at));
    if (at < this.windowAt || at + data.length > this.windowAt + this.window.length) {
      const window = Buffer.allocUnsafeSlow(Math.min(windowBytes, this.end - at));
      this.window = window.subarray(0, await this.fill(window, at));
      this.windowAt = at;
    }
    return data.subarray(0, this.window.copy(data, 0, at - this.windowAt));
  }

  /** @returns how many bytes there were */
  private async fill(data: Buffer, at: number): Promise<number> {
    for (let done = 0; done < data.length; ) {
      const { bytesRead } = await this.file.read(data, done, data.length - done, at + done);
      if (bytesRead === 0) return done;
      done += bytesRead;
    }
    return data.length;
  }
}
