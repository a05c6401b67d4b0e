/** The pictures that are worth scoring: those whose matching vectors are nearest to the query's. */
import type { Filter } from '../../store/filter.js';
import type { GalleryStore, ItemVectors, VectorHit } from '../../store/store.js';

/** What searches need of a store. */
export type SearchedStore = Pick<GalleryStore, 'info' | 'search'>;

export interface CandidateQuery {
  vector: Float32Array;
  /** How many. */
  wanted: number;
  filter: Filter | undefined;
  /** Pictures that are left out, by id and by content. */
  without: { ids: readonly string[]; contents: ReadonlySet<string> };
  signal?: AbortSignal | undefined;
}

export type HitCandidate = VectorHit & { vectors: ItemVectors };

/** As many candidates as wanted, or all that there are. Copies of left out pictures make it ask the store again, for more. */
export async function findCandidates(store: Pick<SearchedStore, 'search'>, query: CandidateQuery): Promise<HitCandidate[]> {
  const { vector, wanted, filter, without, signal } = query;
  const { contents } = without;
  const exclude = without.ids.length > 0 ? without.ids : undefined;
  // Most pictures are there once or twice, so a few more than wanted are usually enough.
  for (let limit = contents.size > 0 ? wanted + 8 : wanted; ; limit *= 2) {
    const hits = await store.search({ vector, limit, filter, exclude, includeVectors: true, signal });
    const kept = (hits as HitCandidate[]).filter(({ item }) => !contents.has(item.content));
    if (kept.length >= wanted || hits.length < limit) return kept.slice(0, wanted);
  }
}
