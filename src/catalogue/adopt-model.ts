/** Puts a better model in the place of a catalogue's model; the former one stays beside it. */
import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeError } from '../core/files.js';

/**
 * Where a kill has cut it short, the same call goes on.
 *
 * @param out the catalogue's folder, with the model in limn/
 * @param better a model's folder
 * @param former what the folder of the former run is called from now on
 */
export async function adoptModel(out: string, better: string, former: string): Promise<void> {
  const [run, kept, draft] = [join(out, 'limn'), join(out, former), join(out, 'limn.tmp')];
  try {
    if (existsSync(run) && !existsSync(kept)) {
      // The whole copy is there before anything is moved.
      await rm(draft, { recursive: true, force: true });
      await makeFolder(draft);
      await cp(better, join(draft, 'model'), { recursive: true });
      await rename(run, kept);
    }
    if (existsSync(draft)) await rename(draft, run);
  } catch (error) {
    throw writeError(run, error);
  }
}
