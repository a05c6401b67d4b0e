/** The whole score of candidates, with each factor's share of it, and their order. */
import type { StoredItem } from '../../store/store.js';
import { compareText } from '../../store/text.js';
import type { EmbeddingVectors } from '../embedder.js';
import type { SearchHit } from '../search-types.js';
import { dot } from './vectors.js';

/** What candidates are scored against. */
export interface Scoring {
  query: EmbeddingVectors;
  negatives: readonly EmbeddingVectors[];
  negativeWeight: number;
  /** Weight of the factors' mean cosine in the score. */
  gamma: number;
  /** w_k, one a factor. */
  weights: readonly number[];
}

export type Scored = Omit<SearchHit, 'rank'>;

/**
 * cos(m, m') + gamma * sum_k w_k cos(F_k, F'_k), less `negativeWeight` times what the same sum is for each negative, where that is
 * above 0.
 */
export function scoreItem(item: StoredItem, candidate: EmbeddingVectors, scoring: Scoring): Scored {
  const { matching, factors, total } = similarity(scoring.query, candidate, scoring);
  let negative = 0;
  for (const one of scoring.negatives) negative += Math.max(0, similarity(one, candidate, scoring).total);
  negative *= scoring.negativeWeight;
  return { id: item.id, score: total - negative, matching, factors, negative, metadata: item.metadata };
}

function similarity(query: EmbeddingVectors, candidate: EmbeddingVectors, { gamma, weights }: Scoring) {
  const matching = dot(query.matching, 0, candidate.matching, 0, query.matching.length);
  const projection = query.factors.length / Math.max(1, weights.length);
  const factors = weights.map(
    (weight, k) => gamma * weight * dot(query.factors, k * projection, candidate.factors, k * projection, projection),
  );
  return { matching, factors, total: factors.reduce((sum, share) => sum + share, matching) };
}

/** Best first; of equal scores the smaller id first. */
export function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || compareText(a.id, b.id);
}
