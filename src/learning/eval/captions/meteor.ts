/**
 * METEOR (Banerjee and Lavie, "METEOR: An Automatic Metric for MT Evaluation with Improved Correlation with Human Judgments", 2005;
 * Lavie and Agarwal, 2007): how many words of a caption and of a reference can be paired one to one, and in how many pieces.
 *
 * Words are paired when they are equal, and those left over when their Porter stems are; WordNet synonyms and paraphrases are left
 * out. With m pairs, P = m / words of the caption, R = m / words of the reference, and chunks of pairs that are neighbours in the
 * same order on both sides:
 *
 *     score = 10 P R / (R + 9 P) * (1 - 0.5 (chunks / m)^3)
 *
 * These are the parameters of 2005; in the terms of 2007 alpha is 0.9, beta 3 and gamma 0.5. Of several references the one with the best
 * score counts. The score of the corpus is the same formula on the sums of m, words and chunks.
 */
import { alignWords } from './align-words.js';
import type { Words } from './ngrams.js';

interface Counts {
  pairs: number;
  chunks: number;
  captionWords: number;
  referenceWords: number;
}

/** @returns the score of the corpus and of each caption, in [0, 1] */
export function meteor(
  captions: readonly Words[],
  references: readonly (readonly Words[])[],
): { corpus: number; perCaption: number[] } {
  const total: Counts = { pairs: 0, chunks: 0, captionWords: 0, referenceWords: 0 };
  const perCaption = captions.map((words, caption) => {
    const [first, ...others] = (references[caption] as readonly Words[]).map((reference) => compare(words, reference));
    const best = others.reduce((one, other) => (scoreOf(other) > scoreOf(one) ? other : one), first as Counts);
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += best[key];
    return scoreOf(best);
  });
  return { corpus: scoreOf(total), perCaption };
}

function compare(caption: Words, reference: Words): Counts {
  return { ...alignWords(caption, reference), captionWords: caption.length, referenceWords: reference.length };
}

function scoreOf({ pairs, chunks, captionWords, referenceWords }: Counts): number {
  if (pairs === 0) return 0;
  const precision = pairs / captionWords;
  const recall = pairs / referenceWords;
  return ((10 * precision * recall) / (recall + 9 * precision)) * (1 - 0.5 * (chunks / pairs) ** 3);
}
