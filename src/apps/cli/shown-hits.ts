/** Hits as the command line shows them: with the place of the picture, and on request with its pixels or an explanation. */
import type { Gallery } from '../../search/gallery/gallery.js';
import type { Explanation, SearchHit } from '../../search/gallery/search-types.js';
import type { ItemMetadata } from '../../search/store/metadata.js';

export interface ShownHit extends SearchHit {
  /** The path of the picture's file, or its URL. */
  path: string;
  /** The picture's file, where it is to be shown and is not on this disk. */
  image?: Uint8Array | undefined;
  explanation?: Explanation | undefined;
}

/** What people call an image: its title or name, where one is known; else its id. */
export function nameOf({ id, metadata }: { id: string; metadata?: ItemMetadata | undefined }): string {
  const names = [metadata?.title, metadata?.name];
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '') ?? id;
}

/** Hits with their places. @param options.pictures read those that are URLs @default false */
export async function shownHits(
  gallery: Gallery,
  hits: readonly SearchHit[],
  options: { images?: boolean } = {},
): Promise<ShownHit[]> {
  return Promise.all(
    hits.map(async ({ id, ...hit }) => {
      const item = await gallery.get(id);
      const path = item ? gallery.pathOf(item) : id;
      const remote = options.images && /^https?:/i.test(path);
      const image = remote ? await gallery.image(id).catch(() => undefined) : undefined;
      return { id, path, ...hit, ...(image ? { image } : {}) };
    }),
  );
}
