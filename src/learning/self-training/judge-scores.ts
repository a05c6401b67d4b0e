/** What LIMN says of generated texts: the rank of the intended target, and its margin over the same text on other references. */

import { dot } from '../../core/dot.js';
import { LimnError } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import { scoreQueries } from '../eval/scores.js';
import { countOf, lengthsOf, type ScoreVectors } from '../eval/vectors.js';

export interface JudgeScoresOptions {
  /** (n, width): the query of each candidate, (reference, text). */
  queries: ScoreVectors;
  /** (n, width): the intended target of each candidate. */
  targets: ScoreVectors;
  /** (g, width): a sample of the gallery. */
  gallery: ScoreVectors;
  /** (n * m, width): the queries (other reference, same text), m in a row for each candidate. */
  others: ScoreVectors;
  /** Gallery rows that a candidate is not ranked among, such as its own reference and target; rows outside the gallery do nothing.
   * @default none */
  excluded?: (candidate: number) => readonly number[];
  /** What a margin is taken to: the best score of the others, or their mean. @default 'mean' */
  marginTo?: 'best' | 'mean';
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface JudgeScores {
  /** (n) From 1: how many of the gallery score above the intended target, plus one. Equal scores are not above. */
  ranks: Uint32Array;
  /** (n) The score of (reference, text) -> target minus that of the same text on the others -> target. */
  margins: Float64Array;
}

/**
 * Scores candidates as a plain double loop over {@link dot} would, in blocks, so that memory never holds all scores.
 *
 * @throws LimnError DATA when the sizes do not fit each other; NOT_FINITE when a vector holds NaN or infinity
 */
export async function judgeScores(options: JudgeScoresOptions): Promise<JudgeScores> {
  const { queries, targets, gallery, others, excluded = () => [], marginTo = 'mean', signal, onProgress } = options;
  const { width } = queries;
  const total = countOf(queries);
  const perCandidate = checkSizes(options);
  lengthsOf(targets, (row) => `target ${row + 1}`);
  lengthsOf(others, (row) => `other query ${row + 1}`);
  const ranks = new Uint32Array(total);
  const margins = new Float64Array(total);
  let at = 0;
  for await (const scores of scoreQueries(queries, gallery, { signal, onProgress })) {
    const own = dot(queries.data, at * width, targets.data, at * width, width);
    const { estimates, slack, exact } = scores;
    const isAbove = (row: number) => {
      const estimate = estimates[row] as number;
      return estimate > own + slack || (!(estimate < own - slack) && exact(row) > own);
    };
    let above = 0;
    for (let row = 0; row < estimates.length; row++) if (isAbove(row)) above++;
    for (const row of new Set(excluded(at))) if (isAbove(row)) above--;
    ranks[at] = above + 1;

    let [best, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let other = at * perCandidate; other < (at + 1) * perCandidate; other++) {
      const score = dot(others.data, other * width, targets.data, at * width, width);
      best = Math.max(best, score);
      sum += score;
    }
    margins[at] = own - (marginTo === 'best' ? best : sum / perCandidate);
    at++;
  }
  return { ranks, margins };
}

/** @returns how many other queries a candidate has */
function checkSizes({ queries, targets, gallery, others }: JudgeScoresOptions): number {
  const fail = (what: string) => new LimnError('DATA', `The candidates cannot be judged: ${what}.`);
  for (const [name, { data, width }] of Object.entries({ queries, targets, gallery, others })) {
    if (width === queries.width && data.length % width === 0) continue;
    throw fail(`the ${name} have ${data.length} values of width ${width}, which are not rows of ${queries.width}`);
  }
  const [total, wanted, compared] = [countOf(queries), countOf(targets), countOf(others)];
  if (wanted !== total) throw fail(`there are ${total} queries and ${wanted} targets; give one target a query`);
  if (countOf(gallery) === 0) throw fail('the gallery sample is empty; give it at least one picture');
  if (total > 0 && (compared === 0 || compared % total !== 0)) {
    throw fail(
      `there are ${total} queries and ${compared} queries of other references; give the same number, 1 or more, for each`,
    );
  }
  return total === 0 ? 0 : compared / total;
}
