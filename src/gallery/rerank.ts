/** The whole score of a few candidates, with each factor's share of it, and their order. */
import { LimnError } from '../core/errors.js';
import { dot } from '../eval/vectors.js';
import type { EmbeddedItem, StoredItem, VectorSizes } from '../store/store.js';
import { compareText } from '../store/text.js';

/** How many candidates, at least, are taken by the matching token alone before the factors rank them. */
export const leastCandidates = 200;

/** A picture that the matching token found, with its vectors. */
export interface Candidate extends Pick<EmbeddedItem, 'matching' | 'factors'> {
  item: StoredItem;
}

export interface RankQuery {
  /** The matching token (width), of length 1. */
  matching: Float32Array;
  /** The factors' projections (factors * projection), each of length 1. */
  factors: Float32Array;
  /** Weight of the factors' mean cosine in the score. */
  gamma: number;
  sizes: VectorSizes;
  /** w_k, the weight of each factor. @default 1 / factors for each */
  weights?: readonly number[] | undefined;
}

export interface RankedHit {
  item: StoredItem;
  /** From 1. */
  rank: number;
  /** `matching` plus the sum of `factors`. */
  score: number;
  /** cos of the matching tokens, -1 to 1. */
  matching: number;
  /** Each factor's share of the score: gamma * w_k * cos(F_k, F'_k). */
  factors: number[];
}

/** @throws LimnError USAGE for a k or weights that do not fit the gallery */
export function checkRanking(k: number, weights: readonly number[] | undefined, count: number, factors: number): void {
  if (!Number.isInteger(k) || k < 1) throw new LimnError('USAGE', `k is ${k}; it must be a whole number from 1.`);
  if (k > count) {
    throw new LimnError('USAGE', `k is ${k}, but the gallery has ${count} pictures: ask for ${count} or fewer.`, {
      details: { k, count },
    });
  }
  if (weights && factors === 0) throw new LimnError('USAGE', 'The model has no factors: give no weights.');
  if (weights && (weights.length !== factors || weights.some((weight) => !Number.isFinite(weight)))) {
    throw new LimnError('USAGE', `The model has ${factors} factors: give ${factors} finite weights, not [${weights}].`);
  }
}

/**
 * Ranks candidates by cos(m, m') + gamma * sum_k w_k cos(F_k, F'_k), in double precision, so that equal pictures have equal scores.
 *
 * @returns all of them, best first; of equal scores the smaller id first
 */
export function rerank(candidates: readonly Candidate[], query: RankQuery): RankedHit[] {
  const { width, factors, projection } = query.sizes;
  const weights = query.weights ?? new Array<number>(factors).fill(1 / factors);
  const hits = candidates.map((candidate): RankedHit => {
    const matching = dot(query.matching, 0, candidate.matching, 0, width);
    const shares = weights.map((weight, k) => {
      const at = k * projection;
      return query.gamma * weight * dot(query.factors, at, candidate.factors, at, projection);
    });
    const score = shares.reduce((sum, share) => sum + share, matching);
    return { item: candidate.item, rank: 0, score, matching, factors: shares };
  });
  hits.sort((a, b) => b.score - a.score || compareText(a.item.id, b.item.id));
  return hits.map((hit, index) => ({ ...hit, rank: index + 1 }));
}
