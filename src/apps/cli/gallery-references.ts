/** Images that a search is given: files, or ids of the gallery. */
import { existsSync } from 'node:fs';
import { LimnError } from '../../core/errors.js';
import type { Gallery } from '../../search/gallery/gallery.js';
import type { ImageReference } from '../../search/gallery/search-types.js';
import type { ItemMetadata } from '../../search/store/metadata.js';
import type { ShownSearch } from './results-page.js';

export interface GivenImage {
  reference: ImageReference;
  metadata?: ItemMetadata | undefined;
}

/** A file goes before an id of the same name. @throws LimnError IMAGE for what is neither */
export async function findImage(gallery: Gallery, value: string): Promise<GivenImage> {
  if (existsSync(value)) return { reference: { path: value } };
  const item = await gallery.get(value);
  if (item) return { reference: { id: value }, metadata: item.metadata };
  throw new LimnError('IMAGE', `${value} does not exist. Check the path. The gallery has no image of that id either.`);
}

/** The references as the page of results shows them. */
export async function shownReferences(
  gallery: Gallery,
  given: readonly GivenImage[],
): Promise<Pick<ShownSearch, 'references' | 'metadata'>> {
  const references = await Promise.all(
    given.map(async ({ reference }) => {
      if ('path' in reference) return reference.path;
      const bytes = 'id' in reference ? await gallery.image(reference.id).catch(() => undefined) : undefined;
      return bytes ?? new Uint8Array();
    }),
  );
  return { references, metadata: given.map(({ metadata }) => metadata) };
}
