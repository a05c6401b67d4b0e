/** What a process that was killed leaves beside the files that it was writing. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from './lock.js';

/** A file that is being written (`writeFileAtomic`), or a lock that is being taken: the process, and a number of its own. */
const temporary = /\.(\d+)(?:\.\d+)?\.(?:tmp|stale)$/;

/**
 * Removes half-written files whose process has ended. For the holder of the folder's lock.
 *
 * @param options.deep in the folders inside it too. @default false
 * @param options.of only those of the file of this name, where the folder is not limn's own. @default all
 * @returns how many there were
 */
export async function sweepTemporary(folder: string, options: { deep?: boolean; of?: string } = {}): Promise<number> {
  const { deep = false, of = '' } = options;
  let swept = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (deep) swept += await sweepTemporary(path, options);
      continue;
    }
    const pid = Number(temporary.exec(entry.name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || isRunning(pid) || !entry.name.startsWith(of)) continue;
    // A reader on Windows may still have it open; the next sweep tries again.
    await rm(path, { force: true }).then(
      () => swept++,
      () => {},
    );
  }
  return swept;
}
