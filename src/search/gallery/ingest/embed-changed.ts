/** The last step before pictures are written: their vectors, new or as the store has them. */
import type { EmbeddedItem, GalleryStore } from '../../store/store.js';
import type { Embedder, EmbeddingVectors } from '../embedder.js';
import type { Changed } from './prepare.js';

export interface WrittenItems {
  item: EmbeddedItem;
  kind: 'added' | 'replaced' | 'updated';
}

/** Embeds the pictures of a batch; those that only have other metadata take the vectors that the store has of them. */
export async function embedChanged(
  batch: readonly Changed[],
  store: GalleryStore,
  embedder: Embedder,
  signal: AbortSignal | undefined,
): Promise<WrittenItems[]> {
  const fresh = batch.flatMap(({ item, image }) => (image ? [{ image, content: item.content }] : []));
  const images = fresh.map(({ image }) => image);
  const contents = fresh.map(({ content }) => content);
  const vectors = (await embedder.targets(images, { contents, signal })).values();
  const known = batch.filter(({ image }) => !image).map(({ item }) => item.id);
  const kept = (known.length > 0 ? await store.vectors(known) : []).values();
  return batch.flatMap(({ item, image, replaces }): WrittenItems[] => {
    const found: EmbeddingVectors | undefined = (image ? vectors : kept).next().value;
    // Someone else has deleted it meanwhile; it is as new the next time.
    if (!found) return [];
    return [{ item: { ...item, ...found }, kind: image ? (replaces ? 'replaced' : 'added') : 'updated' }];
  });
}
