/** The last step before pictures are written: their vectors, new or as the store has them. */
import type { EmbeddedItem, GalleryStore } from '../../store/store.js';
import type { Embedder, Vectors } from '../embedder.js';
import type { Changed } from './prepare.js';

export interface Written {
  item: EmbeddedItem;
  kind: 'added' | 'replaced' | 'updated';
}

/** Embeds the pictures of a batch; those that only have other metadata take the vectors that the store has of them. */
export async function embedChanged(
  batch: readonly Changed[],
  store: GalleryStore,
  embedder: Embedder,
  signal: AbortSignal | undefined,
): Promise<Written[]> {
  const fresh = batch.flatMap(({ picture }) => (picture ? [picture] : []));
  const vectors = (await embedder.targets(fresh, { signal })).values();
  const known = batch.filter(({ picture }) => !picture).map(({ item }) => item.id);
  const kept = (known.length > 0 ? await store.vectors(known) : []).values();
  return batch.flatMap(({ item, picture, replaces }): Written[] => {
    const found: Vectors | undefined = (picture ? vectors : kept).next().value;
    // Someone else has deleted it meanwhile; it is as new the next time.
    if (!found) return [];
    return [{ item: { ...item, ...found }, kind: picture ? (replaces ? 'replaced' : 'added') : 'updated' }];
  });
}
