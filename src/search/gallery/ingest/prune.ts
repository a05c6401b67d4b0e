/** Deleting what is no longer there. */
import { throwIfAborted } from '../../../core/errors.js';
import type { GalleryStore } from '../../store/store.js';
import { uploadsFolder } from './image-list.js';

const page = 1000;

/** Deletes the pictures that are not in `kept`, but for those that were added one by one. @returns how many */
export async function prune(store: GalleryStore, kept: ReadonlySet<string>, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  let after: string | undefined;
  for (;;) {
    throwIfAborted(signal, 'deleting pictures that are gone');
    const items = await store.list({ after, limit: page });
    const gone = items.filter(({ id, location }) => !kept.has(id) && !location.startsWith(`${uploadsFolder}/`));
    if (gone.length > 0) removed += await store.delete(gone.map(({ id }) => id));
    if (items.length < page) return removed;
    after = items.at(-1)?.id;
  }
}
