/** Training triplets as the inputs of a retrieval model: pictures, texts, and which rows want the same target. */
import { Random } from '../core/random.js';
import { joinCaptions, type Split } from '../data/triplets.js';
import type { Vocabulary } from '../encoders/vocabulary.js';
import type { LimnConfig } from '../models/config.js';
import { methodOf } from '../models/methods.js';
import type { PictureSource } from '../models/picture-source.js';
import type { TextSource } from '../models/text-source.js';
import type { DropoutMask } from '../nn/context.js';
import { float32, type Tensor, tensor } from '../tensor/tensor.js';
import { drawTokens, maskFeeds, type Row, RowBatches, stacked, tokensSeen, weightFeeds } from './row-batches.js';
import type { TrainingSettings } from './settings.js';

export class TripletBatches {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokensSeen: number | undefined;
  private readonly batches: RowBatches;

  constructor(
    split: Split,
    private readonly pictures: PictureSource,
    private readonly texts: TextSource,
    private readonly vocabulary: Vocabulary,
    private readonly config: LimnConfig,
    private readonly settings: TrainingSettings,
    private readonly seed: number,
  ) {
    this.batches = new RowBatches({ split, pictures, batchSize: settings.batchSize, seed });
    this.tokensSeen = tokensSeen(config.picture, settings.tokensSeen, methodOf(config).local(config));
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
    const { batchSize } = this.settings;
    const sees = methodOf(this.config).sees(this.config);
    const pictures = (prefix: string, which: (row: Row) => number) => this.pictureFeeds(rows.map(which), prefix, step);
    const flat: Record<string, Tensor> = {
      ...(sees.picture ? pictures('reference.', ({ reference }) => reference) : {}),
      ...pictures('target.', ({ target }) => target),
      ...(sees.text ? this.textFeeds(rows, step) : {}),
      sameTarget: float32([rows.length, batchSize], sameTargets(rows, batchSize)),
    };
    Object.assign(flat, weightFeeds(rows, this.weighted));
    return { ...stacked(flat, count, isStacked), ...maskFeeds(masks, this.seed, step, count, isStacked) };
  }

  private pictureFeeds(rows: readonly number[], prefix: string, step: number): Record<string, Tensor> {
    const feeds = this.pictures.feeds(rows, { prefix, local: methodOf(this.config).local(this.config) });
    if (this.tokensSeen === undefined) return feeds;
    const random = Random.derive(this.seed, `${prefix} tokens of step ${step}`);
    const { local, places } = drawTokens(feeds[`${prefix}local`] as Tensor<'float16'>, this.tokensSeen, random);
    return { ...feeds, [`${prefix}local`]: local, [`${prefix}places`]: places };
  }

  private textFeeds(rows: readonly Row[], step: number): Record<string, Tensor> {
    const { captionSwap, wordDropout } = this.settings;
    const random = Random.derive(this.seed, `texts of step ${step}`);
    const feeds = this.texts.feeds(
      rows.map(({ captions }) => joinCaptions(random.uniform() < captionSwap ? [...captions].reverse() : captions)),
    );
    if (!feeds.words) return feeds;
    const unknown = this.vocabulary.buckets;
    const noisy = BigInt64Array.from((feeds.words as Tensor<'int64'>).data, (id) =>
      id > 0n && random.uniform() < wordDropout ? BigInt(1 + random.below(unknown)) : id,
    );
    return { words: tensor('int64', feeds.words.shape, noisy) };
  }
}

/** Every text that training with these settings can ask for. */
export function trainingTexts(split: Split, { captionSwap }: TrainingSettings): string[] {
  const orders = (captions: readonly string[]) => [
    ...(captionSwap < 1 ? [joinCaptions(captions)] : []),
    ...(captionSwap > 0 ? [joinCaptions([...captions].reverse())] : []),
  ];
  return split.triplets.flatMap(({ captions }) => orders(captions));
}

/** (steps * B, B): 1 where two different rows of a batch have the same answer. */
function sameTargets(rows: readonly Row[], batchSize: number): Float32Array {
  const out = new Float32Array(rows.length * batchSize);
  rows.forEach(({ answer }, i) => {
    const start = i - (i % batchSize);
    for (let j = 0; j < batchSize; j++) if (start + j !== i && rows[start + j]?.answer === answer) out[i * batchSize + j] = 1;
  });
  return out;
}
