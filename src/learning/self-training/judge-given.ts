/** LIMN+'s judge on texts that people have said, where no captioner has an opinion: LIMN's rank of the target, and its margin over other references. */
import { Random } from '../../core/random.js';
import { scoreVectors } from '../../models/retrieval/embeddings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EmbedOptions, RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { rowsOf } from '../eval/vectors.js';
import { drawn, poolTargets } from './candidates.js';
import { judgeScores } from './judge-scores.js';
import { judge, judgeSettings, type PairCandidate, type Verdict } from './judging.js';

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
  const row = (id: string) => images.rowOf(id) as number;
  const [references, wanted] = [pairs.map(({ reference }) => row(reference)), pairs.map(({ target }) => row(target))];
  const size = images.ids.length;
  const sample = drawn(size, Math.min(gallerySample, size), [], Random.derive(seed, 'gallery sample'));
  const positionOf = new Map(sample.map((at, position) => [at, position]));
  const strangers = pairs.flatMap((_, i) => {
    const random = Random.derive(seed, `other references of choice ${i}`);
    return drawn(size, others, [references[i] as number, wanted[i] as number], random);
  });
  const perPair = strangers.length / pairs.length;
  const texts = pairs.map(({ text }) => text);
  const asked = async (rows: readonly number[], said: readonly string[]) =>
    scoreVectors(await limn.embedQueries(images, rows, said, options), limn.gamma);
  const { ranks, margins } = await judgeScores({
    queries: await asked(references, texts),
    targets: rowsOf(targets, wanted),
    gallery: rowsOf(targets, sample),
    ...(perPair > 0
      ? {
          others: await asked(
            strangers,
            texts.flatMap((text) => new Array<string>(perPair).fill(text)),
          ),
        }
      : {}),
    excluded: (i) => [references[i], wanted[i]].flatMap((at) => positionOf.get(at as number) ?? []),
    signal: options.signal,
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
  const rank = Math.max(leastRank, Math.ceil(rankShare * sample.length));
  const settings = judgeSettings.parse({ order: 'rank', rank, margin: 0, repeats: true, thin: { text: pairs.length } });
  return judge(candidates, settings).verdicts;
}
