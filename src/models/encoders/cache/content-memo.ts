/**
 * Remembers the content hash of files that have not changed, so that a cache hit costs no reading.
 *
 * A file counts as unchanged while its size, its time of modification, its time of change (ctime) and its inode are what they were. The
 * time of modification can be set by anyone (`touch -r`, `cp -p`, unpacking an archive); the time of change is the file system's own and
 * moves with every write and rename, so another content of the same size and time is noticed.
 */
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checksumText } from '../../../core/checksum.js';
import { limnHome, makeFolder, writeFileAtomic } from '../../../core/files.js';

/** What `stat` says of a file. */
export interface FileState {
  size: number;
  mtimeMs: number;
  ctimeMs: number;
  ino: number;
}

type Line = [path: string, size: number, mtimeMs: number, ctimeMs: number, ino: number, hash: string];

/** A file that changed this recently may change again without its time changing, so it is not remembered. */
const settledMs = 2000;

export class ContentMemo {
  private readonly known = new Map<string, Line>();
  private fresh: Line[] = [];
  /** Lines that were damaged, or torn by a crash: the files that they are of are read again. */
  damaged = 0;

  private constructor(private readonly file: string) {}

  /** Reads the memo; lines that are damaged, or that a crash tore, are counted and passed over. */
  static async open(file: string = limnHome('content-hashes.ndjson')): Promise<ContentMemo> {
    const memo = new ContentMemo(file);
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    for (const text of lines) {
      const line = parseLine(text);
      if (line === 'damaged') memo.damaged++;
      else if (line) memo.known.set(line[0], line);
    }
    if (memo.damaged > 0 || lines.length > 2 * memo.known.size + 1000) {
      const kept = [...memo.known.values()].map((line) => `${textOf(line)}\n`).join('');
      await writeFileAtomic(file, kept).catch(() => {});
    }
    return memo;
  }

  /** The hash of a file's content if the file is as it was. */
  get(path: string, state: FileState): string | undefined {
    const line = this.known.get(resolve(path));
    if (!line) return undefined;
    const [, size, mtimeMs, ctimeMs, ino, hash] = line;
    const same = size === state.size && mtimeMs === state.mtimeMs && ctimeMs === state.ctimeMs && ino === state.ino;
    return same ? hash : undefined;
  }

  set(path: string, state: FileState, hash: string): void {
    const { size, mtimeMs, ctimeMs, ino } = state;
    if (Date.now() - Math.max(mtimeMs, ctimeMs) < settledMs) return;
    const line: Line = [resolve(path), size, mtimeMs, ctimeMs, ino, hash];
    this.known.set(line[0], line);
    this.fresh.push(line);
  }

  /** Writes what is new. A memo that cannot be written only costs time, so failure is silent. */
  async save(): Promise<void> {
    if (this.fresh.length === 0) return;
    const text = this.fresh.map((line) => `${textOf(line)}\n`).join('');
    this.fresh = [];
    await makeFolder(dirname(this.file)).catch(() => {});
    await appendFile(this.file, `\n${text}`).catch(() => {});
  }
}

/** What is said of damaged entries of caches. */
export const damageNotes = (count: number): string[] => (count > 0 ? [`${count} damaged entries of caches made again`] : []);

const checksumOf = (line: readonly unknown[]) => checksumText(JSON.stringify(line));
/** A line as it is kept: its values, and a checksum of them. */
const textOf = (line: Line) => JSON.stringify([...line, checksumOf(line)]);

/** What a line says; undefined for an empty one and one of an earlier form. Lines of earlier versions have no checksum. */
function parseLine(text: string): Line | 'damaged' | undefined {
  if (text === '') return undefined;
  try {
    const whole = JSON.parse(text) as unknown;
    if (!Array.isArray(whole) || whole.length < 6 || whole.length > 7) return undefined;
    const [line, checksum] = [whole.slice(0, 6), whole[6]];
    if (whole.length === 7 && checksum !== checksumOf(line)) return 'damaged';
    const [path, size, mtimeMs, ctimeMs, ino, hash] = line;
    if (typeof path !== 'string' || ![size, mtimeMs, ctimeMs, ino].every((value) => typeof value === 'number')) return undefined;
    return typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? [path, size, mtimeMs, ctimeMs, ino, hash] : undefined;
  } catch {
    return 'damaged';
  }
}
