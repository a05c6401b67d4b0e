/** Opens every image of a dataset, a few at a time, and says which are damaged. */
import { LimnError, messageOf, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { DatasetImage } from './triplets.js';

export interface OpenImagesOptions {
  /** Decodes an image. @throws LimnError IMAGE for one that cannot be read */
  open(path: string): Promise<unknown>;
  /** Images that are open at once. @default 4 */
  atomic?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface OpenedImages {
  /** Different files. */
  opened: number;
  /** One line for each that cannot be read, which names its file, in the order of the images. */
  damaged: string[];
}

/** @param images a file that is listed several times is opened once @throws LimnError INTERRUPTED */
export async function openImages(images: readonly DatasetImage[], options: OpenImagesOptions): Promise<OpenedImages> {
  const { open, atomic = 4, signal, onProgress } = options;
  const paths = [...new Set(images.map(({ path }) => path))];
  const problems = new Map<string, string>();
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      throwIfAborted(signal, 'opening images');
      try {
        await open(path);
      } catch (error) {
        if (!LimnError.isInstance(error) || error.code !== 'IMAGE') throw error;
        problems.set(path, messageOf(error));
      }
      done++;
      const note = problems.size > 0 ? { note: `${problems.size} damaged` } : {};
      onProgress?.({ stage: 'open images', done, total: paths.length, ...note });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atomic, paths.length) }, work));
  return { opened: paths.length, damaged: paths.flatMap((path) => problems.get(path) ?? []) };
}
