/** One process at a time brings files into an encoder's folder; the next waits until it has ended. */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { makeFolder } from '../../../core/files.js';
import { takeLock } from '../../../core/lock.js';
import type { Logger } from '../../../core/progress.js';

export interface LockOptions {
  signal?: AbortSignal | undefined;
  logger?: Logger | undefined;
}

const waitMilliseconds = 200;

/** Does the work while nobody else does any in the folder. @throws LimnError IO where LIMN_HOME cannot be written, INTERRUPTED */
export async function withFolderLock<T>(folder: string, { signal, logger }: LockOptions, work: () => Promise<T>): Promise<T> {
  const path = `${folder}.lock`;
  await makeFolder(dirname(folder)).catch((error) => {
    throw unwritable(folder, error);
  });
  let lock = await takeLock(path);
  if (!lock) logger?.info(`Another pull or import works on ${folder}; waiting for its end. If none is running, remove ${path}.`);
  while (!lock) {
    await sleep(waitMilliseconds, undefined, { signal }).catch(() => throwIfAborted(signal, 'waiting for another pull'));
    lock = await takeLock(path);
  }
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

export function unwritable(folder: string, cause: unknown): LimnError {
  return new LimnError('IO', `Cannot write to ${folder}: ${messageOf(cause)}. Check your rights, or set LIMN_HOME.`, { cause });
}
