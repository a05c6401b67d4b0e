/** Files that are whole or absent: write beside the target, flush to disk, rename. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LimnError, messageOf } from './errors.js';
import { streamRegularFile } from './regular-file.js';
import { standInFor } from './stand-in.js';
import { readText } from './text-file.js';

/** Tells writes of this process apart. */
let drafts = 0;

/** Writes `data` so that a reader (or a crash) sees the old file or the new one, never a part. Makes the folder. */
export async function writeFileAtomic(path: string, data: string | Uint8Array | readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${process.pid}.${++drafts}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, 'w');
    try {
      for (const part of typeof data === 'string' || data instanceof Uint8Array ? [data] : data) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeError(path, error);
  }
}

/** An error of the system, met in writing to `path`, as a LimnError IO. */
export function writeError(path: string, cause: unknown): LimnError {
  const message = `Cannot write ${path}: ${messageOf(cause)}. Check the disk's free space and your rights to the folder.`;
  return new LimnError('IO', message, { details: { path }, cause });
}

/** Reads (see {@link readText}) and parses a JSON file; a missing or broken one is an error that names the file and `what` it should be. */
export async function readJson(path: string, what: string): Promise<unknown> {
  const text = await readText(path, what);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LimnError('DATA', `${path} is not valid JSON (${what}): ${standInFor(text) ?? messageOf(error)}.`, {
      details: { path },
      cause: error,
    });
  }
}

/** SHA-256 of bytes, in hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 of a file's content, in hexadecimal, read as a stream. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of streamRegularFile(path)) hash.update(piece);
  return hash.digest('hex');
}

/** Where caches and data live: `LIMN_HOME`, by default `~/.cache/limn`. */
export function limnHome(...parts: string[]): string {
  return join(process.env.LIMN_HOME || join(homedir(), '.cache', 'limn'), ...parts);
}

/**
 * Makes a folder and those above it, unless they are there. Node's own way never ends where the system says of a folder that cannot be made that
 * the one above it is missing, as under /proc.
 *
 * @throws the system's error
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      // Somebody else may have made the parent meanwhile.
      if (!(await isFolder(dirname(path)))) await makeFolder(dirname(path));
      await mkdir(path).catch(async (second) => {
        if (!(await isFolder(path))) throw second;
      });
    } else if (!(await isFolder(path))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

/** A new, empty folder among the system's temporary ones, which the caller deletes. @throws LimnError IO */
export async function temporaryFolder(name: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), `${name}-`));
  } catch (cause) {
    const message = `The temporary folder ${tmpdir()} cannot be written (${messageOf(cause)}): set TMPDIR to a folder that you can write to.`;
    throw new LimnError('IO', message, { details: { path: tmpdir() }, cause });
  }
}
