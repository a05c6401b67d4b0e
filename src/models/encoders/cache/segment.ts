/**
 * One append-only pair of files of a record store.
 *
 * `ID.data` holds records of one length, nothing else. `ID.OWNER.index` holds a header and then one entry a record, in order:
 * the record's key (SHA-256), its CRC-32, and a CRC-32 of these. Data reach the disk before their entries do, so an entry that is whole
 * vouches for its record; what a crash leaves behind the last whole entry is ignored by readers and cut off by the next writer. A
 * damaged entry among whole ones is passed over: its record is made again. Segments of earlier versions ("limnrec1", no CRC-32 of the
 * record) are not read any more: their records cannot be told from damaged ones.
 *
 * OWNER is in the file's name because renaming is atomic: of two processes that want to write to a segment, one rename
 * succeeds. `free` means nobody writes; otherwise it names a machine and a process, and a dead process's segment is free.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from '../../../core/checksum.js';
import { LimnError } from '../../../core/errors.js';

const magic = Buffer.from('limnrec2');
const magicBefore = Buffer.from('limnrec1');
const headerBytes = 16;
const entryBytes = 40;
/** The entry of a record that was found to be damaged. */
const takenOut = Buffer.alloc(entryBytes);
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

export interface SegmentName {
  id: string;
  /** `free`, or `HOST-PID`. */
  owner: string;
}

const ownName = () => `${host}-${process.pid}`;
const indexFile = ({ id, owner }: SegmentName) => `${id}.${owner}.index`;
export const dataFile = (id: string) => `${id}.data`;

/** The segment that an index file's name speaks of, or nothing for another kind of file. */
export function parseIndexName(file: string): SegmentName | undefined {
  const [, id, owner] = /^([0-9a-f]+)\.([\w-]+)\.index$/.exec(file) ?? [];
  return id && owner ? { id, owner } : undefined;
}

/** True when no running process writes to the segment. A process of another machine counts as running. */
export function isFree({ owner }: SegmentName): boolean {
  if (owner === 'free') return true;
  const [onHost, pid] = owner.split('-');
  if (onHost !== host) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** A record as its segment's index has it. */
export interface Entry {
  key: string;
  /** CRC-32 of the record. */
  checksum: number;
}

/** What a segment's index says. */
export interface SegmentEntries {
  /** In the order of their records; undefined for a damaged one, or one that was taken out. */
  entries: (Entry | undefined)[];
  /** Records that were there and are lost: their entries are damaged, or the data end before them. */
  damaged: number;
}

/**
 * The entries of a segment's records.
 *
 * @throws an ENOENT error when the segment was renamed in the meantime; LimnError DATA when its records have another length
 */
export async function readEntries(folder: string, name: SegmentName, recordBytes: number): Promise<SegmentEntries> {
  const file = join(folder, indexFile(name));
  const index = await readFile(file);
  if (index.length < headerBytes || index.subarray(0, 8).equals(magicBefore)) return { entries: [], damaged: 0 };
  const found = index.readUInt32LE(8);
  if (!index.subarray(0, 8).equals(magic) || found !== recordBytes) {
    const message = `The cache ${file} holds records of another kind, or is damaged. Delete that folder; it is created again.`;
    throw new LimnError('DATA', message, { details: { folder, file, recordBytes, found } });
  }
  const stored = Math.floor((await sizeOf(join(folder, dataFile(name.id)))) / recordBytes);
  const entries: (Entry | undefined)[] = [];
  let damaged = 0;
  for (let at = headerBytes; at + entryBytes <= index.length; at += entryBytes) {
    if (entries.length >= stored) {
      // Data reach the disk before their entries; a process that writes may have written between the two looks.
      if (isFree(name)) damaged += Math.floor((index.length - at) / entryBytes);
      break;
    }
    const isWhole = crc32(index.subarray(at, at + 36)) === index.readUInt32LE(at + 36);
    if (!isWhole && !index.subarray(at, at + entryBytes).equals(takenOut)) damaged++;
    entries.push(isWhole ? { key: index.toString('hex', at, at + 32), checksum: index.readUInt32LE(at + 32) } : undefined);
  }
  while (entries.length > 0 && entries.at(-1) === undefined) entries.pop();
  return { entries, damaged };
}

/** Takes a damaged record out of its segment's index, so that it is made again. Best effort: another process may have renamed it. */
export function dropEntry(folder: string, id: string, slot: number): void {
  try {
    const name = readdirSync(folder).find((file) => parseIndexName(file)?.id === id);
    if (!name) return;
    const file = openSync(join(folder, name), 'r+');
    try {
      writeSync(file, takenOut, 0, entryBytes, headerBytes + slot * entryBytes);
    } finally {
      closeSync(file);
    }
  } catch {
    // The record is found to be damaged again the next time.
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** The one process's hold on a segment that it may append to. */
export class SegmentWriter {
  private constructor(
    private readonly folder: string,
    readonly name: SegmentName,
    private readonly files: { data: FileHandle; index: FileHandle },
    private readonly recordBytes: number,
    private count: number,
  ) {}

  /**
   * Takes a segment that is free, or makes the one that is named if it does not exist. Cuts off what a crash left.
   *
   * @returns the writer and the entries that are there, or nothing when another process was quicker
   */
  static async take(
    folder: string,
    from: SegmentName,
    recordBytes: number,
    fresh = false,
  ): Promise<{ writer: SegmentWriter; entries: (Entry | undefined)[] } | undefined> {
    const name = { id: from.id, owner: ownName() };
    try {
      if (!fresh) await rename(join(folder, indexFile(from)), join(folder, indexFile(name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const index = await open(join(folder, indexFile(name)), fresh ? 'wx+' : 'r+');
    const data = await open(join(folder, dataFile(name.id)), constants.O_RDWR | constants.O_CREAT);
    const { entries } = await readEntries(folder, name, recordBytes);
    for (const [slot, entry] of entries.entries()) {
      if (!entry) await index.write(takenOut, 0, entryBytes, headerBytes + slot * entryBytes);
    }
    await data.truncate(entries.length * recordBytes);
    if (entries.length === 0) {
      const header = Buffer.alloc(headerBytes);
      magic.copy(header);
      header.writeUInt32LE(recordBytes, 8);
      await index.write(header, 0, headerBytes, 0);
    }
    await index.truncate(headerBytes + entries.length * entryBytes);
    await index.datasync();
    return { writer: new SegmentWriter(folder, name, { data, index }, recordBytes, entries.length), entries };
  }

  /** Appends records; when it is done they survive a crash of the process and of the machine. Returns the first one's slot. */
  async append(records: readonly { key: string; bytes: Uint8Array }[]): Promise<number> {
    const first = this.count;
    let position = first * this.recordBytes;
    for (const { bytes } of records) {
      await writeWhole(this.files.data, bytes, position);
      position += bytes.length;
    }
    await this.files.data.datasync();
    const entries = Buffer.alloc(records.length * entryBytes);
    records.forEach(({ key, bytes }, i) => {
      const at = i * entryBytes;
      entries.write(key, at, 'hex');
      entries.writeUInt32LE(crc32(bytes), at + 32);
      entries.writeUInt32LE(crc32(entries.subarray(at, at + 36)), at + 36);
    });
    await writeWhole(this.files.index, entries, headerBytes + first * entryBytes);
    await this.files.index.datasync();
    this.count += records.length;
    return first;
  }

  /** Lets go of the segment, so that another process may append to it. */
  async release(): Promise<void> {
    await Promise.all([this.files.data.close(), this.files.index.close()]);
    await rename(join(this.folder, indexFile(this.name)), join(this.folder, indexFile({ id: this.name.id, owner: 'free' })));
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
