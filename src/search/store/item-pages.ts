import type { GalleryStore, StoredItem } from './store.js';

/** All items of a store in the order of their ids, so many at once. */
export async function* itemPages(store: Pick<GalleryStore, 'list'>, limit: number): AsyncGenerator<StoredItem[]> {
  let after: string | undefined;
  for (;;) {
    const items = await store.list({ after, limit });
    if (items.length > 0) yield items;
    if (items.length < limit) return;
    after = items.at(-1)?.id;
  }
}
