/** LIMN+'s judge on texts that people have said, where no captioner has an opinion: LIMN's rank of the target, and its margin over other references. */
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EmbedOptions, RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { poolTargets } from './candidates.js';
import { judge, judgeSettings, type PairCandidate, type Verdict } from './judging.js';
import { PairScoring } from './pair-scoring.js';

/** A text that a person said of a reference, and the image that was meant. */
export interface GivenPair {
  readonly reference: string;
  readonly target: string;
  readonly text: string;
}

/** Images that the target is ranked among. */
const gallerySample = 1000;
/** Other references that the margin is taken to. */
const others = 4;
/** What a person has found was often not among the first hits; far behind them it was not what the text says. */
const rankShare = 0.1;
const leastRank = 10;

/**
 * Judges the pairs together, in the order "rank": the target must be among the best tenth of the images, and fit the reference better than others with
 * the same text. How often a text is said does not count against it, and repeated words do not either: people repeat themselves.
 *
 * @param images hold every reference and target @returns one verdict a pair, in their order
 */
export async function judgeGiven(
  pairs: readonly GivenPair[],
  { limn, images, seed }: { limn: RetrievalModel; images: ImageFeatures; seed: number },
  options: EmbedOptions,
): Promise<Verdict[]> {
  if (pairs.length === 0) return [];
  const targets = await poolTargets(limn, images, options);
  const texts = pairs.map(({ text }) => text);
  const scoring = new PairScoring(pairs, texts, { limn, images, targets, gallerySample, seed }, options);
  const strangers = scoring.otherReferences(others, (i) => `other references of choice ${i}`);
  const { ranks, margins } = await scoring.scores({
    others: strangers.length > 0 ? await scoring.withReferences(strangers) : undefined,
  });
  const candidates = pairs.map(
    (pair, i): PairCandidate => ({
      ...pair,
      strategy: 'neighbours',
      likelihood: 0,
      rank: ranks[i] as number,
      ...(margins && { margin: margins[i] as number }),
    }),
  );
  const rank = Math.max(leastRank, Math.ceil(rankShare * scoring.sampleSize));
  const settings = judgeSettings.parse({ order: 'rank', rank, margin: 0, repeats: true, thin: { text: pairs.length } });
  return judge(candidates, settings).verdicts;
}
