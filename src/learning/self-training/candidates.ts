/** Texts for mined pairs, and what both models say of them. */
import { Random } from '../../core/random.js';
import type { CaptionerModel, PairRows } from '../../models/captioner/captioner-model.js';
import { scoreVectors } from '../../models/retrieval/embeddings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EmbedOptions, RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { ScoreVectors } from '../eval/vectors.js';
import { looksAtReferences, normalizeText, type PairCandidate } from './judging.js';
import type { MinedPair } from './mining.js';
import { drawn, PairScoring } from './pair-scoring.js';
import type { SelfTrainSettings } from './settings.js';

/** The pictures of the pool as both models see them. */
export interface PoolViews {
  limn: RetrievalModel;
  captioner: CaptionerModel;
  /** Holds every picture of the pool. */
  forLimn: ImageFeatures;
  /** The same for the captioner, whose inputs may differ. */
  forCaptioner: ImageFeatures;
  /** The pool's pictures as targets, one row a picture of `forLimn`. */
  targets: ScoreVectors;
}

export function poolTargets(limn: RetrievalModel, images: ImageFeatures, options: EmbedOptions): Promise<ScoreVectors> {
  return limn.embedTargets(images, [...images.ids.keys()], options).then((found) => scoreVectors(found, limn.gamma));
}

export interface PairsToWrite {
  /** The number of the first pair in its round. */
  first: number;
  views: PoolViews;
  settings: SelfTrainSettings;
  seed: number;
}

/**
 * Writes a text for each pair and scores it: the rank of its target among a sample of the pool, and the margins that the judge looks
 * at: over other texts for the same pair (texts of the other pairs here), over the same text on other references. What is drawn
 * depends on the seed and the pair's number alone.
 */
export async function writeAndScore(
  pairs: readonly MinedPair[],
  { first, views, settings, seed }: PairsToWrite,
  options: EmbedOptions,
): Promise<PairCandidate[]> {
  const { limn, captioner, forLimn, forCaptioner, targets } = views;
  const row = (source: ImageFeatures, id: string) => source.rowOf(id) as number;
  const rows = pairs.map(({ reference, target }): PairRows => [row(forCaptioner, reference), row(forCaptioner, target)]);
  const captions = await captioner.caption(forCaptioner, rows, { decoding: settings.decoding, ...options });
  const texts = captions.map(({ text }) => text);

  const scored = { limn, images: forLimn, targets, gallerySample: settings.gallerySample, seed };
  const scoring = new PairScoring(pairs, texts, scored, options);
  const onOtherReferences = () =>
    scoring.withReferences(scoring.otherReferences(settings.others, (i) => `other references of pair ${first + i}`));
  const withOtherTexts = () => {
    const count = Math.min(settings.others, pairs.length - 1);
    const said = texts.map(normalizeText);
    const others = pairs.flatMap((_, i) => {
      const random = Random.derive(seed, `other texts of pair ${first + i}`);
      const alike = said.flatMap((text, at) => (text === said[i] ? [at] : []));
      // Where nearly all say the same, so do the others.
      return drawn(pairs.length, count, pairs.length - alike.length < count ? [i] : alike, random);
    });
    return scoring.withTexts(
      others.map((at) => texts[at] as string),
      count,
    );
  };
  const isDual = settings.judging && settings.judge.order === 'dual' && pairs.length > 1;
  const { ranks, margins, textMargins } = await scoring.scores({
    others: settings.judging && looksAtReferences(settings.judge) ? await onOtherReferences() : undefined,
    otherTexts: isDual ? await withOtherTexts() : undefined,
    marginTo: settings.judge.marginTo,
  });
  return pairs.map((pair, i) => ({
    ...pair,
    text: texts[i] as string,
    likelihood: captions[i]?.likelihood as number,
    rank: ranks[i] as number,
    ...(margins && { margin: margins[i] as number }),
    ...(textMargins && { textMargin: textMargins[i] as number }),
  }));
}
