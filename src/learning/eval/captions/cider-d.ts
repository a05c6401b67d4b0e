/**
 * CIDEr-D (Vedantam et al., "CIDEr: Consensus-based Image Description Evaluation", CVPR 2015, sections 4 and 6): the cosine between a
 * caption and its references as vectors of counts of runs of 1 to 4 words, each count weighing more the rarer the run is.
 *
 * The weight of a run is log(N / document frequency). A document is all the references of one caption, N is how many there are, and a run
 * that no reference holds has the weight log N. Against captions made to score high, a count of the caption is clipped to that of the
 * reference, and a difference of `d` words in length costs a factor exp(-d^2 / (2 * 6^2)). The score is the mean over references
 * and over the four lengths, times 10.
 *
 * The weights come from the references that are scored with, so scores of different sets cannot be compared. With one document
 * every weight, and so the score, is 0. A caption shorter than four words has no longer runs, so that at best n words give 10 n / 4.
 */
import { longest, ngramCounts, type Words } from './ngrams.js';

const sigma = 6;

/** What {@link ngramCounts} gives. */
type Counts = Map<string, number>[];

interface WeightedNgrams {
  /** One map a length. */
  weights: Counts;
  /** The Euclidean length of each map. */
  norms: number[];
  words: number;
}

/** @returns the score of each caption, in [0, 10] */
export function ciderD(captions: readonly Words[], references: readonly (readonly Words[])[]): number[] {
  const documents = references.map((own) => own.map(ngramCounts));
  const frequency = documentFrequency(documents);
  const weightOf = (ngram: string) => Math.log(documents.length / (frequency.get(ngram) ?? 1));
  const weigh = (words: Words, counted: Counts): WeightedNgrams => {
    const weights = counted.map((counts) => new Map(Array.from(counts, ([ngram, count]) => [ngram, count * weightOf(ngram)])));
    return { weights, norms: weights.map((map) => Math.hypot(...map.values())), words: words.length };
  };
  return captions.map((words, caption) => {
    const weighted = weigh(words, ngramCounts(words));
    const own = references[caption] as readonly Words[];
    const compared = documents[caption]!.map((counted, index) => similarity(weighted, weigh(own[index]!, counted)));
    return (10 * compared.reduce((sum, one) => sum + one, 0)) / own.length;
  });
}

/** How many documents have a run in at least one of their references. */
function documentFrequency(documents: readonly (readonly Counts[])[]): Map<string, number> {
  const frequency = new Map<string, number>();
  for (const document of documents) {
    const ngrams = new Set<string>();
    for (const counts of document.flat()) for (const ngram of counts.keys()) ngrams.add(ngram);
    for (const ngram of ngrams) frequency.set(ngram, (frequency.get(ngram) ?? 0) + 1);
  }
  return frequency;
}

/** The mean over the lengths of runs of the clipped cosine, times the penalty for the length, in [0, 1]. */
function similarity(caption: WeightedNgrams, reference: WeightedNgrams): number {
  let cosines = 0;
  caption.weights.forEach((weights, n) => {
    const norms = (caption.norms[n] as number) * (reference.norms[n] as number);
    if (norms === 0) return;
    let product = 0;
    for (const [ngram, weight] of weights) {
      const other = reference.weights[n]?.get(ngram) ?? 0;
      product += Math.min(weight, other) * other;
    }
    cosines += product / norms;
  });
  return (cosines / longest) * Math.exp(-((caption.words - reference.words) ** 2) / (2 * sigma ** 2));
}
