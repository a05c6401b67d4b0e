/** Texts for mined pairs, and what both models say of them. */
import { Random } from '../../core/random.js';
import type { CaptionerModel, PairRows } from '../../models/captioner/captioner-model.js';
import { scoreVectors } from '../../models/retrieval/embeddings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EmbedOptions, RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { rowsOf, type ScoreVectors } from '../eval/vectors.js';
import { judgeScores } from './judge-scores.js';
import { looksAtReferences, normalizeText, type PairCandidate } from './judging.js';
import type { MinedPair } from './mining.js';
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

  const asked = async (references: readonly number[], said: readonly string[]): Promise<ScoreVectors> =>
    scoreVectors(await limn.embedQueries(forLimn, references, said, options), limn.gamma);
  const references = pairs.map(({ reference }) => row(forLimn, reference));
  const wanted = pairs.map(({ target }) => row(forLimn, target));
  const size = forLimn.ids.length;
  const sample = drawn(size, Math.min(settings.gallerySample, size), [], Random.derive(seed, 'gallery sample'));
  const positionOf = new Map(sample.map((at, position) => [at, position]));
  const onOtherReferences = () => {
    const strangers = pairs.flatMap((_, i) => {
      const random = Random.derive(seed, `other references of pair ${first + i}`);
      return drawn(size, settings.others, [references[i] as number, wanted[i] as number], random);
    });
    const perPair = strangers.length / pairs.length;
    return asked(
      strangers,
      texts.flatMap((text) => new Array<string>(perPair).fill(text)),
    );
  };
  const withOtherTexts = () => {
    const count = Math.min(settings.others, pairs.length - 1);
    const said = texts.map(normalizeText);
    const others = pairs.flatMap((_, i) => {
      const random = Random.derive(seed, `other texts of pair ${first + i}`);
      const alike = said.flatMap((text, at) => (text === said[i] ? [at] : []));
      // Where nearly all say the same, so do the others.
      return drawn(pairs.length, count, pairs.length - alike.length < count ? [i] : alike, random);
    });
    const again = references.flatMap((reference) => new Array<number>(count).fill(reference));
    return asked(
      again,
      others.map((at) => texts[at] as string),
    );
  };
  const isDual = settings.judging && settings.judge.order === 'dual' && pairs.length > 1;
  const { ranks, margins, textMargins } = await judgeScores({
    queries: await asked(references, texts),
    targets: rowsOf(targets, wanted),
    gallery: rowsOf(targets, sample),
    others: settings.judging && looksAtReferences(settings.judge) ? await onOtherReferences() : undefined,
    otherTexts: isDual ? await withOtherTexts() : undefined,
    excluded: (i) => [references[i], wanted[i]].flatMap((at) => positionOf.get(at as number) ?? []),
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

/** Different numbers below `size`, as many as there are up to `count`, none of `without`. */
export function drawn(size: number, count: number, without: readonly number[], random: Random): number[] {
  const found = new Set<number>();
  const most = Math.min(count, size - new Set(without).size);
  while (found.size < most) {
    const at = random.below(size);
    if (!without.includes(at)) found.add(at);
  }
  return [...found];
}
