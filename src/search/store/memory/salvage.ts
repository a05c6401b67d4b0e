/** What a gallery's folder still holds, however damaged: every record is read and compared with all of its checksums. */
import { existsSync } from 'node:fs';
import { open, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from '../../../core/checksum.js';
import { isRunning } from '../../../core/lock.js';
import type { EmbeddedItem, VectorSizes } from '../store.js';
import { type Acknowledged, acknowledgedFile, readAcknowledged } from './acknowledged.js';
import { idsOf } from './damage.js';
import { FolderWriter } from './folder-writer.js';
import { diskError } from './log.js';
import { readManifest } from './manifest.js';
import { chained, decodeHead, headBytes, recordBytes, type UpsertRow } from './records.js';

/** Something that is wrong with a file of a gallery. */
export interface FolderDamage {
  file: string;
  /** Where it begins. */
  byte: number;
  what: string;
  /** Ids that may be affected, as far as they can be read. */
  items: string[];
}

export interface Salvage {
  damages: FolderDamage[];
  /** What is whole, by id. */
  items: Map<string, EmbeddedItem>;
  /** A last write that a crash cut short, in bytes: nobody was told that it was done. */
  tornBytes: number;
  /** Files that belong to no gallery: the next write removes them. */
  leftovers: string[];
}

const mark = Buffer.from('LIMN');

/** Reads a folder as far as possible. @throws LimnError GALLERY where there is no manifest that can be read */
export async function salvage(folder: string): Promise<Salvage> {
  const { info, log, isAcknowledged } = await readManifest(folder);
  const path = join(folder, log);
  const result: Salvage = { damages: [], items: new Map(), tornBytes: 0, leftovers: await leftoversOf(folder, log) };
  let acknowledged: Acknowledged | undefined;
  if (isAcknowledged) {
    const file = join(folder, acknowledgedFile(log));
    acknowledged = await readAcknowledged(file).catch(() => undefined);
    if (!acknowledged) {
      const what = 'it does not say how much of the log was acknowledged';
      result.damages.push({ file, byte: 0, what, items: [] });
    }
  }
  if (!existsSync(path)) result.damages.push({ file: path, byte: 0, what: 'it is missing', items: [] });
  const data = existsSync(path) ? await readWhole(path) : Buffer.alloc(0);
  readRecords(data, path, acknowledged, info.sizes, result);
  return result;
}

/** A file of any size that a buffer can have. @throws LimnError STORE for one that cannot be read, which is no damage */
async function readWhole(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const data = Buffer.allocUnsafeSlow((await file.stat()).size);
      for (let done = 0; done < data.length; ) {
        const { bytesRead } = await file.read(data, done, Math.min(data.length - done, 1 << 28), done);
        if (bytesRead === 0) return data.subarray(0, done);
        done += bytesRead;
      }
      return data;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw diskError('read', path, error);
  }
}

function readRecords(
  data: Buffer,
  path: string,
  acknowledged: Acknowledged | undefined,
  sizes: VectorSizes,
  result: Salvage,
): void {
  const damaged = (byte: number, what: string, items: string[] = []) => result.damages.push({ file: path, byte, what, items });
  let chain = 0;
  let isChained = acknowledged === undefined;
  for (let at = 0; at < data.length; ) {
    const mustBeWhole = acknowledged !== undefined && at < acknowledged.bytes;
    const head = decodeHead(data.subarray(at, at + headBytes));
    const end = head ? at + recordBytes(head) : Number.POSITIVE_INFINITY;
    if (!head || end > data.length) {
      const next = nextRecord(data, at + 1);
      const isTorn =
        !mustBeWhole && next === undefined && (head !== undefined || acknowledged !== undefined || isBlank(data, at));
      if (isTorn) {
        result.tornBytes = data.length - at;
        break;
      }
      damaged(at, head ? 'the record there is longer than the file' : 'there is no record', []);
      at = next ?? data.length;
      continue;
    }
    applyRecord({ data, at, head }, sizes, result, (items, what) => damaged(at, what, items));
    chain = chained(data.subarray(at), chain);
    at = end;
    if (acknowledged && at === acknowledged.bytes && chain === acknowledged.chain) isChained = true;
  }
  if (acknowledged && data.length < acknowledged.bytes && result.damages.length === 0) {
    damaged(data.length, `it ends there, and ${acknowledged.bytes} bytes were acknowledged`);
  } else if (!isChained && acknowledged && acknowledged.bytes > 0 && result.damages.length === 0) {
    damaged(acknowledged.bytes, 'the records up to there are not those that were acknowledged');
  }
}

interface FoundRecord {
  data: Buffer;
  /** Where the record begins in `data`. */
  at: number;
  head: NonNullable<ReturnType<typeof decodeHead>>;
}

function applyRecord(
  { data, at, head }: FoundRecord,
  { width, factors, projection }: VectorSizes,
  { items }: Salvage,
  damaged: (ids: string[], what: string) => void,
): void {
  const factorsAt = at + headBytes + head.textBytes + head.matchingBytes;
  const body = data.subarray(at + headBytes, factorsAt);
  const factorData = data.subarray(factorsAt, factorsAt + head.factorBytes);
  const ids = idsOf(head, body);
  if (crc32(body) !== head.checksum) {
    // What it says of its items cannot be believed, and what was there before it is out of date.
    for (const id of ids) items.delete(id);
    damaged(ids, `the ${head.kind === 'delete' ? 'deletion' : 'write'} of ${head.count} items there does not fit its checksum`);
    return;
  }
  if (head.kind === 'delete') {
    for (const id of ids) items.delete(id);
    return;
  }
  const rows = JSON.parse(body.toString('utf8', 0, head.textBytes)) as UpsertRow[];
  const isWhole = crc32(factorData) === head.factorChecksum;
  const lost: string[] = [];
  rows.forEach(([id, content, location, metadata, checksum], i) => {
    const own = factorData.subarray(4 * factors * projection * i, 4 * factors * projection * (i + 1));
    // Records of earlier versions have no checksums of their items.
    if (!isWhole && (checksum === undefined || crc32(own) !== checksum)) {
      items.delete(id);
      lost.push(id);
      return;
    }
    const matchingAt = head.textBytes + 4 * width * i;
    items.set(id, {
      id,
      content,
      location: location === 0 ? id : location,
      metadata,
      matching: floats(body.subarray(matchingAt, matchingAt + 4 * width)),
      factors: floats(own),
    });
  });
  if (lost.length > 0) damaged(lost, 'factor vectors of the write there do not fit their checksum');
}

const floats = (bytes: Buffer) => new Float32Array(Uint8Array.from(bytes).buffer);
const isBlank = (data: Buffer, from: number) => data.subarray(from).every((byte) => byte === 0);

/** Where the next whole head begins. */
function nextRecord(data: Buffer, from: number): number | undefined {
  for (let at = data.indexOf(mark, from); at >= 0; at = data.indexOf(mark, at + 1)) {
    if (decodeHead(data.subarray(at, at + headBytes))) return at;
  }
  return undefined;
}

async function leftoversOf(folder: string, log: string): Promise<string[]> {
  const names = await readdir(folder);
  const foreign = /^items-\d+\.(log|ack)$/;
  const temporary = /\.(\d+)(?:\.\d+)?\.(?:tmp|stale)$/;
  return names.filter((name) => {
    const pid = temporary.exec(name)?.[1];
    if (pid !== undefined) return !isRunning(Number(pid));
    return foreign.test(name) && name !== log && name !== acknowledgedFile(log);
  });
}

/**
 * Makes the gallery anew of what is whole. The damaged files stay beside it, under names with `.damaged`.
 *
 * @returns where they are @throws LimnError STORE where another process writes the gallery
 */
export async function rebuild(folder: string, { items, damages }: Salvage): Promise<string[]> {
  const { info, log } = await readManifest(folder);
  const writer = new FolderWriter(folder, {});
  const aside: string[] = [];
  // The right to write comes first, so that no other process writes to what is put aside.
  const unlock = await writer.takeForRepair();
  try {
    for (const name of new Set([log, ...damages.map(({ file }) => basename(file))])) {
      const kept = join(folder, `${name}.${Date.now()}.damaged`);
      if (!existsSync(join(folder, name))) continue;
      await rename(join(folder, name), kept);
      aside.push(kept);
    }
    const snapshot = await writer.refill(info, log, [...items.values()]);
    await snapshot.retire();
    return aside;
  } finally {
    await unlock();
  }
}
