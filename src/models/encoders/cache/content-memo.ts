/** Remembers the content hash of files that have not changed, so that a cache hit costs no reading. */
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { limnHome, makeFolder, writeFileAtomic } from '../../../core/files.js';

interface FileState {
  size: number;
  mtimeMs: number;
}

type Line = [path: string, size: number, mtimeMs: number, hash: string];

/** A file that changed this recently may change again without its time changing, so it is not remembered. */
const settledMs = 2000;

export class ContentMemo {
  private readonly known = new Map<string, Line>();
  private fresh: Line[] = [];

  private constructor(private readonly file: string) {}

  /** Reads the memo; lines that a crash or another process tore are skipped. */
  static async open(file: string = limnHome('content-hashes.ndjson')): Promise<ContentMemo> {
    const memo = new ContentMemo(file);
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    for (const text of lines) {
      const line = parseLine(text);
      if (line) memo.known.set(line[0], line);
    }
    if (lines.length > 2 * memo.known.size + 1000) {
      const kept = [...memo.known.values()].map((line) => `${JSON.stringify(line)}\n`).join('');
      await writeFileAtomic(file, kept).catch(() => {});
    }
    return memo;
  }

  /** The hash of a file's content if the file is as it was. */
  get(path: string, state: FileState): string | undefined {
    const line = this.known.get(resolve(path));
    return line && line[1] === state.size && line[2] === state.mtimeMs ? line[3] : undefined;
  }

  set(path: string, state: FileState, hash: string): void {
    if (Date.now() - state.mtimeMs < settledMs) return;
    const line: Line = [resolve(path), state.size, state.mtimeMs, hash];
    this.known.set(line[0], line);
    this.fresh.push(line);
  }

  /** Writes what is new. A memo that cannot be written only costs time, so failure is silent. */
  async save(): Promise<void> {
    if (this.fresh.length === 0) return;
    const text = this.fresh.map((line) => `${JSON.stringify(line)}\n`).join('');
    this.fresh = [];
    await makeFolder(dirname(this.file)).catch(() => {});
    await appendFile(this.file, `\n${text}`).catch(() => {});
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as unknown;
    const [path, size, mtimeMs, hash] = Array.isArray(line) ? line : [];
    const valid = typeof path === 'string' && typeof size === 'number' && typeof mtimeMs === 'number';
    return valid && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) ? [path, size, mtimeMs, hash] : undefined;
  } catch {
    return undefined;
  }
}
