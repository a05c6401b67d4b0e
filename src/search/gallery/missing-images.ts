/** Whether the pictures of a gallery are still where it looks for them: people move folders, and the vectors stay searchable. */
import { LimnError } from '../../core/errors.js';
import type { GalleryStore } from '../store/store.js';
import type { ImageFiles } from './image-files.js';
import { isUrl } from './ingest/image-list.js';

/** So many are looked at: enough to tell a folder that is gone from a file that is. */
const sample = 24;

/** @returns a sentence for people; undefined where all that were looked at are there */
export async function missingImages(store: GalleryStore, files: ImageFiles): Promise<string | undefined> {
  const items = (await store.list({ limit: sample })).filter(({ location }) => !isUrl(location));
  if (items.length === 0) return undefined;
  const found = await Promise.all(items.map(({ location }) => isThere(files, location)));
  const missing = found.filter((there) => !there).length;
  if (missing === 0) return undefined;
  const folder = files.folder ?? 'no folder';
  if (missing < items.length) {
    return `${missing} of the first ${items.length} images are not in ${folder}: they are found, and cannot be shown or used as references.`;
  }
  return `None of the first ${items.length} images is in ${folder}: they are found, and cannot be shown or used as references. If they moved, say where they are with --images.`;
}

async function isThere(files: ImageFiles, location: string): Promise<boolean> {
  try {
    await files.pathOf(location);
    return true;
  } catch (error) {
    if (LimnError.isInstance(error)) return false;
    throw error;
  }
}
