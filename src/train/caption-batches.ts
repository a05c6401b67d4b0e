/** Training triplets as the inputs of the difference captioner: both pictures, and the text to be written. */
import { Random } from '../core/random.js';
import { joinCaptions, type Split } from '../data/triplets.js';
import type { Vocabulary } from '../encoders/vocabulary.js';
import type { CaptionerConfig } from '../models/captioner-config.js';
import { captionIds } from '../models/captioner-model.js';
import type { PictureSource } from '../models/picture-source.js';
import type { DropoutMask } from '../nn/context.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { drawTokens, maskFeeds, RowBatches, stacked, tokensSeen, weightFeeds } from './row-batches.js';
import type { TrainingSettings } from './settings.js';

export class CaptionBatches {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokensSeen: number | undefined;
  private readonly batches: RowBatches;

  constructor(
    split: Split,
    private readonly pictures: PictureSource,
    private readonly vocabulary: Vocabulary,
    private readonly config: CaptionerConfig,
    private readonly settings: TrainingSettings,
    private readonly seed: number,
  ) {
    this.batches = new RowBatches({ split, pictures, batchSize: settings.batchSize, seed });
    this.tokensSeen = tokensSeen(config.picture, settings.tokensSeen, true);
  }

  get stepsPerEpoch(): number {
    return this.batches.stepsPerEpoch;
  }

  get weighted(): boolean {
    return this.batches.weighted;
  }

  /** The feeds of `count` steps from `step` on, stacked along a leading axis when `isStacked`. */
  feeds(step: number, count: number, masks: readonly DropoutMask[], isStacked: boolean): Record<string, Tensor> {
    const rows = this.batches.of(step, count);
    const pictures = (prefix: string, which: 'reference' | 'target') =>
      this.pictureFeeds(
        rows.map((row) => row[which]),
        prefix,
        step,
      );
    const random = Random.derive(this.seed, `texts of step ${step}`);
    const { captionSwap } = this.settings;
    const texts = rows.map(({ captions }) => joinCaptions(random.uniform() < captionSwap ? [...captions].reverse() : captions));
    const flat: Record<string, Tensor> = {
      ...(this.config.sees === 'both' ? pictures('reference.', 'reference') : {}),
      ...pictures('target.', 'target'),
      words: tensor('int64', [rows.length, this.config.words + 2], captionIds(this.vocabulary, this.config, texts)),
    };
    Object.assign(flat, weightFeeds(rows, this.weighted));
    return { ...stacked(flat, count, isStacked), ...maskFeeds(masks, this.seed, step, count, isStacked) };
  }

  private pictureFeeds(rows: readonly number[], prefix: string, step: number): Record<string, Tensor> {
    const feeds = this.pictures.feeds(rows, { prefix });
    if (this.tokensSeen === undefined) return feeds;
    // The same places in both pictures, whose difference is taken place by place.
    const random = Random.derive(this.seed, `tokens of step ${step}`);
    const { local, places } = drawTokens(feeds[`${prefix}local`] as Tensor<'float16'>, this.tokensSeen, random);
    return { ...feeds, [`${prefix}local`]: local, [`${prefix}places`]: places };
  }
}
