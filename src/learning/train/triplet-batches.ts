/** Training triplets as the inputs of a retrieval model: pictures, texts, and which rows want the same target. */
import { Random } from '../../core/random.js';
import { float32, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ModelConfig } from '../../models/methods/define-method.js';
import { methodOf } from '../../models/methods/methods.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { TextSource } from '../../models/retrieval/text-source.js';
import { joinCaptions, type Split } from '../data/triplets.js';
import { ImageFeeds } from './image-feeds.js';
import { RowBatches, type Steps, type TripletRow, textsOf } from './row-batches.js';
import type { TrainingSettings } from './settings.js';

export interface TripletBatchesOptions {
  split: Split;
  images: ImageFeatures;
  /** Every text that the split's triplets ask for, see {@link trainingTexts}. */
  texts: TextSource;
  vocabulary: Vocabulary;
  config: ModelConfig;
  settings: TrainingSettings;
  seed: number;
}

export class TripletBatches {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokenSubsample: number | undefined;
  /** Whether the model has a use for local tokens. */
  readonly usesLocal: boolean;
  private readonly batches: RowBatches;
  private readonly images: ImageFeeds;

  constructor(private readonly options: TripletBatchesOptions) {
    const { split, images, config, settings, seed } = options;
    const { batchSize, tokenSubsample } = settings;
    this.batches = new RowBatches({ split, images, batchSize, seed });
    this.usesLocal = methodOf(config).local(config);
    this.images = new ImageFeeds({ images, image: config.image, tokenSubsample, usesLocal: this.usesLocal, seed });
    this.tokenSubsample = this.images.tokenSubsample;
  }

  get stepsPerEpoch(): number {
    return this.batches.stepsPerEpoch;
  }

  get weighted(): boolean {
    return this.batches.weighted;
  }

  feeds(steps: Steps): Record<string, Tensor> {
    const { step, count, isResident = false } = steps;
    const rows = this.batches.of(step, count);
    const { config, settings } = this.options;
    const { batchSize } = settings;
    const sees = methodOf(config).sees(config);
    const images = (prefix: string, which: (row: TripletRow) => number) =>
      this.images.of({ rows: rows.map(which), prefix, draw: `${prefix} tokens of step ${step}`, isResident });
    const { referenceNegatives } = config;
    const pairs = (relation: PairRelation) => float32([rows.length, batchSize], pairsWhere(rows, batchSize, relation));
    const flat: Record<string, Tensor> = {
      ...(sees.image || referenceNegatives ? images('reference.', ({ reference }) => reference) : {}),
      ...images('target.', ({ target }) => target),
      ...(sees.text ? this.textFeeds(rows, step) : {}),
      sameTarget: pairs((row, other) => row !== other && row.answer === other.answer),
      ...(referenceNegatives ? { referenceAnswers: pairs((row, other) => row.answer === other.referenceAnswer) } : {}),
    };
    return this.batches.complete(flat, rows, steps);
  }

  private textFeeds(rows: readonly TripletRow[], step: number): Record<string, Tensor> {
    const { texts, vocabulary, settings, seed } = this.options;
    const { captionSwap, wordDropout } = settings;
    const random = Random.derive(seed, `texts of step ${step}`);
    const feeds = texts.feeds(textsOf(rows, captionSwap, random));
    if (!feeds.words) return feeds;
    const unknown = vocabulary.buckets;
    const noisy = BigInt64Array.from((feeds.words as Tensor<'int64'>).data, (id) =>
      id > 0n && random.uniform() < wordDropout ? BigInt(1 + random.below(unknown)) : id,
    );
    return { words: tensor('int64', feeds.words.shape, noisy) };
  }
}

/** Every text that training with these settings can ask for; none is made before it is asked for. */
export function* trainingTexts(split: Split, { captionSwap }: TrainingSettings): Generator<string> {
  for (const { captions } of split.triplets) {
    if (captions.length === 0) continue;
    if (captionSwap < 1) yield joinCaptions(captions);
    if (captionSwap > 0) yield joinCaptions([...captions].reverse());
  }
}

type PairRelation = (row: TripletRow, other: TripletRow) => boolean;

/** (steps * B, B): 1 for the pairs of rows of a batch that the relation holds for. */
function pairsWhere(rows: readonly TripletRow[], batchSize: number, relation: PairRelation): Float32Array {
  const out = new Float32Array(rows.length * batchSize);
  rows.forEach((row, i) => {
    const start = i - (i % batchSize);
    for (let j = 0; j < batchSize; j++) if (relation(row, rows[start + j] as TripletRow)) out[i * batchSize + j] = 1;
  });
  return out;
}
