/** Exact ranking of one query over a gallery, and recall over many queries. */
import { LimnError } from '../../core/errors.js';
import type { QueryScores } from './scores.js';

export interface RankOptions {
  scores: QueryScores;
  /** Gallery indices of the right answers. */
  targets: readonly number[];
  /** Gallery indices that are taken out before ranking, such as the reference. @default [] */
  excluded?: readonly number[];
}

/**
 * The rank, from 1, of the best placed target. Pictures are ordered by falling exact score; of equal scores the lower index
 * comes first, so the rank does not depend on a sort. A query whose every target is taken out (a row of Shoes asks for its own
 * reference) has the last rank, as where the score of what is taken out is made the lowest.
 *
 * @throws LimnError DATA when there is no target
 */
export function rankOf({ scores, targets, excluded = [] }: RankOptions): number {
  const { estimates, slack, exact } = scores;
  const ordered = orderOf(scores, targets);
  if (ordered.length === 0) throw new LimnError('DATA', 'A query has no target in the gallery; check that its target is listed.');
  const best = ordered.find((target) => !excluded.includes(target));
  if (best === undefined) return estimates.length;
  const score = exact(best);
  const isAhead = (index: number) => {
    const other = exact(index);
    return other > score || (other === score && index < best);
  };
  const [low, high] = [score - slack, score + slack];
  let ahead = 0;
  for (let index = 0; index < estimates.length; index++) {
    const estimate = estimates[index] as number;
    if (estimate > high) ahead++;
    else if (!(estimate < low) && isAhead(index)) ahead++;
  }
  for (const index of new Set(excluded)) if (isAhead(index)) ahead--;
  return ahead + 1;
}

/** The gallery indices given, best first, by exact score; of equal scores the lower index first. Each once. */
export function orderOf({ estimates, exact }: QueryScores, indices: Iterable<number>): number[] {
  const scored = [...new Set(indices)].map((index) => {
    if (!Number.isInteger(index) || index < 0 || index >= estimates.length) {
      const message = `Picture ${index} is outside the gallery of ${estimates.length} pictures.`;
      throw new LimnError('DATA', message, { details: { index } });
    }
    return { index, score: exact(index) };
  });
  return scored.sort((a, b) => b.score - a.score || a.index - b.index).map(({ index }) => index);
}

/** The gallery indices of the best `count` pictures, best first, or of all where there are fewer. */
export function topOf(scores: QueryScores, count: number, excluded: readonly number[] = []): number[] {
  const { estimates, slack } = scores;
  const sorted = Float32Array.from(estimates);
  for (const index of excluded) sorted[index] = Number.NEGATIVE_INFINITY;
  // At least `count` pictures have an exact score of `least + slack` or more, so none with a lower estimate can be among the best.
  const least = (sorted.sort()[Math.max(0, sorted.length - count)] as number) - 2 * slack;
  const out = new Set(excluded);
  const candidates: number[] = [];
  estimates.forEach((estimate, index) => {
    if (!(estimate < least) && !out.has(index)) candidates.push(index);
  });
  return orderOf(scores, candidates).slice(0, count);
}

/**
 * R@K for each K: the share of queries, in percent, whose best target has rank K or better.
 *
 * @param ranks one rank, from 1, a query; no queries give 0
 */
export function recallAt(ranks: readonly number[], ks: readonly number[]): Record<number, number> {
  const share = (k: number) => (ranks.length === 0 ? 0 : (100 * ranks.filter((rank) => rank <= k).length) / ranks.length);
  return Object.fromEntries(ks.map((k) => [k, share(k)]));
}
