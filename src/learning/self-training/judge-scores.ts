/**
 * What LIMN says of generated texts: the rank of the intended target, and its margins over the same text on other references and over
 * other texts for the same pair.
 */

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
  /** (n * m, width): the queries (other reference, same text), m in a row for each candidate. @default no margins over them */
  others?: ScoreVectors | undefined;
  /** (n * m, width): the queries (same reference, other text), m in a row for each candidate. @default no margins over them */
  otherTexts?: ScoreVectors | undefined;
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
  margins?: Float64Array;
  /** (n) The score of (reference, text) -> target minus that of the same reference with the other texts -> target. */
  textMargins?: Float64Array;
}

/**
 * Scores candidates as a plain double loop over {@link dot} would, in blocks, so that memory never holds all scores.
 *
 * @throws LimnError DATA when the sizes do not fit each other; NOT_FINITE when a vector holds NaN or infinity
 */
export async function judgeScores(options: JudgeScoresOptions): Promise<JudgeScores> {
  const { queries, targets, gallery, others, otherTexts, excluded = () => [], marginTo = 'mean', signal, onProgress } = options;
  const { width } = queries;
  const total = countOf(queries);
  checkSizes(options);
  lengthsOf(targets, (row) => `target ${row + 1}`);
  for (const compared of [others, otherTexts]) if (compared) lengthsOf(compared, (row) => `other query ${row + 1}`);
  const ranks = new Uint32Array(total);
  const margins = others && new Float64Array(total);
  const textMargins = otherTexts && new Float64Array(total);
  /** What the score of a candidate is compared with: the scores that its target has with its share of other queries. */
  const compared = ({ data }: ScoreVectors, candidate: number): number => {
    const perCandidate = data.length / width / total;
    let [best, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let other = candidate * perCandidate; other < (candidate + 1) * perCandidate; other++) {
      const score = dot(data, other * width, targets.data, candidate * width, width);
      best = Math.max(best, score);
      sum += score;
    }
    return marginTo === 'best' ? best : sum / perCandidate;
  };
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

    if (margins) margins[at] = own - compared(others, at);
    if (textMargins) textMargins[at] = own - compared(otherTexts, at);
    at++;
  }
  return { ranks, ...(margins && { margins }), ...(textMargins && { textMargins }) };
}

function checkSizes({ queries, targets, gallery, others, otherTexts }: JudgeScoresOptions): void {
  const fail = (what: string) => new LimnError('DATA', `The candidates cannot be judged: ${what}.`);
  for (const [name, vectors] of Object.entries({ queries, targets, gallery, others, 'other texts': otherTexts })) {
    if (!vectors || (vectors.width === queries.width && vectors.data.length % vectors.width === 0)) continue;
    const { data, width } = vectors;
    throw fail(`the ${name} have ${data.length} values of width ${width}, which are not rows of ${queries.width}`);
  }
  const [total, wanted] = [countOf(queries), countOf(targets)];
  if (wanted !== total) throw fail(`there are ${total} queries and ${wanted} targets; give one target a query`);
  if (countOf(gallery) === 0) throw fail('the gallery sample is empty; give it at least one picture');
  for (const [name, vectors] of Object.entries({ 'other references': others, 'other texts': otherTexts })) {
    const compared = vectors && countOf(vectors);
    if (compared === undefined || total === 0 || (compared > 0 && compared % total === 0)) continue;
    throw fail(`there are ${total} queries and ${compared} queries of ${name}; give the same number, 1 or more, for each`);
  }
}
