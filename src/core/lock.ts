/** A file that says which process works in a folder, so that two never do at once. */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { LimnError, messageOf } from './errors.js';

export interface Lock {
  release(): Promise<void>;
}

export interface Holder {
  pid: number;
  host: string;
}

const held = new Set<string>();
/** Tells takers of this process apart. */
let drafts = 0;

/**
 * Takes the lock at `path`, also one that a dead process of this machine left behind.
 *
 * @returns undefined where a living process holds it; one on another machine counts as living
 */
export async function takeLock(path: string): Promise<Lock | undefined> {
  const draft = `${path}.${process.pid}.${++drafts}.tmp`;
  const text = JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder);
  try {
    await writeFile(draft, text);
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link appears with its whole content, and only where there is none.
      if (await linked(draft, path)) {
        held.add(path);
        return { release: () => release(path) };
      }
      const found = await readFile(path, 'utf8').catch(() => undefined);
      if (found === undefined) continue;
      if (isAlive(found, path)) return undefined;
      await removeStale(path, found);
    }
    return undefined;
  } catch (error) {
    throw new LimnError('IO', `Cannot write the lock ${path}: ${messageOf(error)}.`, { details: { path }, cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(text: string, path: string): boolean {
  let holder: Partial<Holder>;
  try {
    holder = JSON.parse(text) as Partial<Holder>;
  } catch {
    return false;
  }
  if (!Number.isSafeInteger(holder.pid) || (holder.pid as number) <= 0) return false;
  if (holder.host !== hostname()) return true;
  if (holder.pid === process.pid) return held.has(path);
  return isRunning(holder.pid as number);
}

/** Whether this machine has a process of that number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The process that holds a lock, as far as the lock says. */
export async function holderOf(path: string): Promise<Partial<Holder>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
  } catch {
    return {};
  }
}

/** Moves the stale lock away; a fresh one that another process has put there meanwhile goes back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await linked(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string): Promise<void> {
  held.delete(path);
  await rm(path, { force: true });
}
