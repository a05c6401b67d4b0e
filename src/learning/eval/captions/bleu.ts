/**
 * BLEU (Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002): the geometric mean of the
 * precisions of runs of 1 to n words over the whole corpus, times a penalty for captions that are too short.
 *
 * An occurrence of a run counts as right as often as the run occurs in that reference of the caption that has most of it. The
 * penalty compares the words of all captions with the words of the references closest to them in length, the shorter of two that are
 * equally close, as COCO's caption evaluation has it. A precision of zero gives 0, where COCO puts 1e-15 in its place.
 */
import { longest, ngramCounts, type Words } from './ngrams.js';

/** @returns BLEU-1 to BLEU-4 of the corpus, in [0, 1] */
export function bleu(captions: readonly Words[], references: readonly (readonly Words[])[]): number[] {
  const right = new Array<number>(longest).fill(0);
  const total = new Array<number>(longest).fill(0);
  let [length, referenceLength] = [0, 0];
  captions.forEach((words, caption) => {
    const own = references[caption] as readonly Words[];
    length += words.length;
    referenceLength += closestLength(words.length, own);
    const counted = own.map(ngramCounts);
    ngramCounts(words).forEach((counts, n) => {
      for (const [ngram, count] of counts) {
        const most = Math.max(...counted.map((reference) => reference[n]?.get(ngram) ?? 0));
        right[n]! += Math.min(count, most);
        total[n]! += count;
      }
    });
  });
  const brevity = length === 0 ? 0 : Math.exp(Math.min(0, 1 - referenceLength / length));
  let product = 1;
  return right.map((count, n) => {
    product *= count === 0 ? 0 : count / (total[n] as number);
    return brevity * product ** (1 / (n + 1));
  });
}

function closestLength(length: number, references: readonly Words[]): number {
  const lengths = references.map((words) => words.length).sort((a, b) => a - b);
  return lengths.reduce((best, one) => (Math.abs(one - length) < Math.abs(best - length) ? one : best));
}
