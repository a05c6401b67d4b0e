/** Pairs with a text each, as LIMN scores them: beside a sample of the images, other references and other texts. */
import { Random } from '../../core/random.js';
import { scoreVectors } from '../../models/retrieval/embeddings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EmbedOptions, RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { rowsOf, type ScoreVectors } from '../eval/vectors.js';
import { type JudgeScores, type JudgeScoresOptions, judgeScores } from './judge-scores.js';

export interface PairScoringOptions {
  limn: RetrievalModel;
  /** Holds every reference and target. */
  images: ImageFeatures;
  /** The images as targets, one row an image. */
  targets: ScoreVectors;
  /** Images that a target is ranked among. */
  gallerySample: number;
  seed: number;
}

export class PairScoring {
  /** Rows of the pairs' references. */
  readonly references: readonly number[];
  private readonly wanted: readonly number[];

  /** @param texts one a pair */
  constructor(
    pairs: readonly { readonly reference: string; readonly target: string }[],
    private readonly texts: readonly string[],
    private readonly options: PairScoringOptions,
    private readonly embedding: EmbedOptions,
  ) {
    const row = (id: string) => options.images.rowOf(id) as number;
    this.references = pairs.map(({ reference }) => row(reference));
    this.wanted = pairs.map(({ target }) => row(target));
  }

  /** How many images a target is ranked among at most. */
  get sampleSize(): number {
    return Math.min(this.options.gallerySample, this.options.images.ids.length);
  }

  /** Rows of other references, `count` a pair where there are as many. @param name of a pair's own draw */
  otherReferences(count: number, name: (pair: number) => string): number[] {
    const { images, seed } = this.options;
    return this.references.flatMap((reference, i) =>
      drawn(images.ids.length, count, [reference, this.wanted[i] as number], Random.derive(seed, name(i))),
    );
  }

  /** The queries of other references with the pairs' own texts. @param references as many a pair, in the pairs' order */
  withReferences(references: readonly number[]): Promise<ScoreVectors> {
    const perPair = references.length / this.references.length;
    return this.asked(
      references,
      this.texts.flatMap((text) => new Array<string>(perPair).fill(text)),
    );
  }

  /** The queries of the pairs' own references with other texts. @param texts `perPair` a pair, in the pairs' order */
  withTexts(texts: readonly string[], perPair: number): Promise<ScoreVectors> {
    return this.asked(
      this.references.flatMap((reference) => new Array<number>(perPair).fill(reference)),
      texts,
    );
  }

  /** Ranks and margins of the pairs. */
  async scores(compared: Pick<JudgeScoresOptions, 'others' | 'otherTexts' | 'marginTo'>): Promise<JudgeScores> {
    const { images, targets, seed } = this.options;
    const { references, wanted } = this;
    const sample = drawn(images.ids.length, this.sampleSize, [], Random.derive(seed, 'gallery sample'));
    const positionOf = new Map(sample.map((at, position) => [at, position]));
    return judgeScores({
      ...compared,
      queries: await this.asked(references, this.texts),
      targets: rowsOf(targets, wanted),
      gallery: rowsOf(targets, sample),
      excluded: (i) => [references[i], wanted[i]].flatMap((at) => positionOf.get(at as number) ?? []),
      signal: this.embedding.signal,
    });
  }

  private async asked(references: readonly number[], texts: readonly string[]): Promise<ScoreVectors> {
    const { limn, images } = this.options;
    return scoreVectors(await limn.embedQueries(images, references, texts, this.embedding), limn.gamma);
  }
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
