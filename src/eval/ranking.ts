/** Exact ranking of one query over a gallery, and recall over many queries. */
import { LimnError } from '../core/errors.js';

export interface RankOptions {
  /** The query's score of every gallery picture, [gallery]; higher is better. */
  scores: Float32Array;
  /** Gallery indices of the right answers. */
  targets: readonly number[];
  /** Gallery indices that are taken out before ranking, such as the reference. @default [] */
  excluded?: readonly number[];
}

/**
 * The rank, from 1, of the best placed target. Pictures are ordered by falling score; of equal scores the lower index
 * comes first, so the rank does not depend on a sort.
 *
 * @throws LimnError DATA when no target is left in the gallery, NOT_FINITE when a score is NaN
 */
export function rankOf({ scores, targets, excluded = [] }: RankOptions): number {
  let best = -1;
  for (const target of targets) {
    if (!Number.isInteger(target) || target < 0 || target >= scores.length) {
      throw new LimnError('DATA', `Target ${target} is outside the gallery of ${scores.length} pictures.`, {
        details: { target },
      });
    }
    if (!excluded.includes(target) && (best < 0 || isAhead(scores, target, best))) best = target;
  }
  if (best < 0) {
    throw new LimnError(
      'DATA',
      'A query has no target in the gallery; check that its target is listed and is not its reference.',
      {
        details: { targets, excluded },
      },
    );
  }
  let ahead = 0;
  for (let index = 0; index < scores.length; index++) {
    if (Number.isNaN(scores[index])) {
      throw new LimnError(
        'NOT_FINITE',
        `The score of gallery picture ${index} is not a number; the model is broken, train it again.`,
        {
          details: { index },
        },
      );
    }
    if (isAhead(scores, index, best)) ahead++;
  }
  for (const index of new Set(excluded)) if (isAhead(scores, index, best)) ahead--;
  return ahead + 1;
}

/** Whether picture `a` comes before picture `b`. False for an index outside the gallery. */
function isAhead(scores: Float32Array, a: number, b: number): boolean {
  const scoreA = scores[a] as number;
  const scoreB = scores[b] as number;
  return scoreA > scoreB || (scoreA === scoreB && a < b);
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
