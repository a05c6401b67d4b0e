/**
 * Searching in two stages: the store finds the pictures whose matching vectors are nearest to the query's, and the best of them are
 * ranked by the whole score, factors and negatives included.
 */
import { throwIfAborted } from '../../../core/errors.js';
import type { DecodedImage, EmbeddingVectors } from '../embedder.js';
import type { InTurn } from '../in-turn.js';
import type { SearchAnswer, SearchHit, SearchRequest } from '../search-types.js';
import { findCandidates, type SearchedStore } from './candidates.js';
import { type CheckedRequest, checkRequest, type ModelSides, mostHits } from './check-request.js';
import type { ComposedQuery, Composer, Failed } from './compose.js';
import { byScore, type Scored, scoreItem } from './score.js';

/** How many candidates are scored: the pages of one search share them up to here, and behind it as many as there may be hits. */
const candidatesScored = 200;

/** A request with its vectors. */
export interface PreparedSearch {
  request: CheckedRequest;
  composed: ComposedQuery;
}

export class Searcher {
  constructor(
    private readonly store: SearchedStore,
    private readonly composer: Composer,
    private readonly model: ModelSides,
  ) {}

  /** Each request's answer, or why it has none, in their order; what they ask is embedded together. */
  async searchAll(requests: readonly SearchRequest[]): Promise<PromiseSettledResult<SearchAnswer>[]> {
    const prepared = await this.prepare(requests);
    return Promise.allSettled(
      prepared.map(async (one, i) => {
        if ('error' in one) throw one.error;
        return this.answer(one, requests[i]?.signal);
      }),
    );
  }

  /** The pictures that a search needs decoded, by their content. @throws LimnError as the search itself would */
  async decodeAhead(request: SearchRequest, inTurn: InTurn): Promise<ReadonlyMap<string, DecodedImage>> {
    return this.composer.decodeAhead(checkRequest(request, this.model), inTurn);
  }

  /** Checks and embeds requests. */
  async prepare(requests: readonly SearchRequest[]): Promise<(PreparedSearch | Failed)[]> {
    const checked = requests.map((request): CheckedRequest | Failed => {
      try {
        throwIfAborted(request.signal, 'searching');
        return checkRequest(request, this.model);
      } catch (error) {
        return { error };
      }
    });
    const good = checked.filter((request): request is CheckedRequest => !('error' in request));
    // One request's signal must not stop the others.
    const signal = requests.length === 1 ? requests[0]?.signal : undefined;
    const composed = (await this.composer.compose(good, signal)).values();
    return checked.map((request) => {
      if ('error' in request) return request;
      const made = composed.next().value as ComposedQuery | Failed;
      return 'error' in made ? made : { request, composed: made };
    });
  }

  /** All candidates of a search, best first. @param wanted at least so many, if there are */
  async rank(search: PreparedSearch, wanted: number, signal?: AbortSignal): Promise<SearchHit[]> {
    const { request, composed } = search;
    const { filter, excludeReferences } = request;
    const references = excludeReferences ? composed.references : [];
    const candidates = await findCandidates(this.store, {
      vector: composed.query.matching,
      wanted: wanted <= candidatesScored ? candidatesScored : mostHits,
      filter,
      without: {
        ids: references.flatMap(({ item }) => (item ? [item.id] : [])),
        contents: new Set(references.map(({ content }) => content)),
      },
      signal,
    });
    const scored = candidates.map(({ item, vectors }): Scored => this.score(search, item, vectors));
    return scored.sort(byScore).map(({ id, ...hit }, i) => ({ id, rank: i + 1, ...hit }));
  }

  /** The score of one picture. */
  score({ request, composed }: PreparedSearch, item: Parameters<typeof scoreItem>[0], vectors: EmbeddingVectors): Scored {
    const { weights, negativeWeight } = request;
    const { query, negatives } = composed;
    return scoreItem(item, vectors, { query, negatives, negativeWeight, weights, gamma: this.store.info.gamma });
  }

  private async answer(search: PreparedSearch, signal: AbortSignal | undefined): Promise<SearchAnswer> {
    const { offset, k } = search.request;
    const next = offset + k;
    // One more tells whether there is another page.
    const ranked = await this.rank(search, next + 1, signal);
    return { hits: ranked.slice(offset, next), ...(next < ranked.length ? { next } : {}) };
  }
}
