/**
 * How much of a log was acknowledged: a small file beside it, `items-N.ack`. Up to there everything in the log must be whole; what lies
 * behind it is a write that nobody was told of, and may be torn.
 *
 * It holds two slots that are written in turn, so that one of them is whole whatever happens: "LACK", the bytes (uint64, little-endian),
 * the chain (uint32) and a CRC-32 of these. The chain is the CRC-32 of the heads of all records up to there (their first 32 bytes),
 * one after another; a head holds the checksums of its record, so it stands for all of it.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { crc32 } from '../../../core/checksum.js';

export interface Acknowledged {
  bytes: number;
  chain: number;
}

const mark = Buffer.from('LACK');
const slotBytes = 20;
const slots = 2;

export const acknowledgedFile = (log: string) => log.replace(/\.log$/, '.ack');

/** What was acknowledged; undefined where neither slot is whole. @throws the system's error where there is no file */
export async function readAcknowledged(path: string): Promise<Acknowledged | undefined> {
  const data = await readFile(path);
  const found = Array.from({ length: slots }, (_, i) => decode(data.subarray(i * slotBytes, (i + 1) * slotBytes)));
  return found.reduce((best, one) => (one && (!best || one.bytes > best.bytes) ? one : best), undefined);
}

/** Writes what was acknowledged. For the process that has the right to write. */
export class AcknowledgedFile {
  private turn = 0;

  private constructor(private readonly file: FileHandle) {}

  /** Makes the file, or begins it anew. */
  static async create(path: string, first: Acknowledged): Promise<AcknowledgedFile> {
    const made = new AcknowledgedFile(await open(path, 'w'));
    for (let i = 0; i < slots; i++) await made.write(first);
    await made.sync();
    return made;
  }

  /** Opens the file that is there. */
  static async open(path: string): Promise<AcknowledgedFile> {
    const data = await readFile(path);
    const opened = new AcknowledgedFile(await open(path, 'r+'));
    const [a, b] = [decode(data.subarray(0, slotBytes)), decode(data.subarray(slotBytes))];
    // The older slot, or the one that is not whole, is written next.
    opened.turn = a && (!b || a.bytes >= b.bytes) ? 1 : 0;
    return opened;
  }

  /** Survives the end of the process at once, and that of the machine after {@link sync}. */
  async write({ bytes, chain }: Acknowledged): Promise<void> {
    const slot = Buffer.alloc(slotBytes);
    mark.copy(slot);
    slot.writeBigUInt64LE(BigInt(bytes), 4);
    slot.writeUInt32LE(chain, 12);
    slot.writeUInt32LE(crc32(slot.subarray(0, 16)), 16);
    await this.file.write(slot, 0, slotBytes, slotBytes * this.turn);
    this.turn = (this.turn + 1) % slots;
  }

  sync(): Promise<void> {
    return this.file.datasync();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

function decode(slot: Buffer): Acknowledged | undefined {
  if (slot.length < slotBytes || !slot.subarray(0, 4).equals(mark)) return undefined;
  if (slot.readUInt32LE(16) !== crc32(slot.subarray(0, 16))) return undefined;
  return { bytes: Number(slot.readBigUInt64LE(4)), chain: slot.readUInt32LE(12) };
}
