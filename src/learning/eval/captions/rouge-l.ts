/**
 * ROUGE-L (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004): how long a sequence of words, in order but with gaps, a
 * caption shares with a reference. As in COCO's caption evaluation, precision and recall are each the best over the references,
 * and beta is 1.2.
 */
import type { Words } from './ngrams.js';

const beta = 1.2;

/** @returns the score of one caption, in [0, 1] */
export function rougeL(caption: Words, references: readonly Words[]): number {
  let [precision, recall] = [0, 0];
  for (const reference of references) {
    const common = longestCommonSubsequence(caption, reference);
    if (common === 0) continue;
    precision = Math.max(precision, common / caption.length);
    recall = Math.max(recall, common / reference.length);
  }
  return precision === 0 ? 0 : ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision);
}

/** Row by row of the usual table: after word i of `a`, `row[j]` is the length for the first i of `a` and the first j of `b`. */
function longestCommonSubsequence(a: Words, b: Words): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    b.forEach((other, j) => {
      next.push(word === other ? (row[j] as number) + 1 : Math.max(row[j + 1] as number, next[j] as number));
    });
    row = next;
  }
  return row[b.length] as number;
}
