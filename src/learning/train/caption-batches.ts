/** Training triplets as the inputs of the difference captioner: both pictures, and the text to be written. */
import { Random } from '../../core/random.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { CaptionerConfig } from '../../models/captioner/captioner-config.js';
import { captionIds } from '../../models/captioner/captioner-model.js';
import type { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { Split } from '../data/triplets.js';
import { ImageFeeds } from './image-feeds.js';
import { RowBatches, type Steps, textsOf } from './row-batches.js';
import type { TrainingSettings } from './settings.js';

export interface CaptionBatchesOptions {
  split: Split;
  images: ImageFeatures;
  vocabulary: Vocabulary;
  config: CaptionerConfig;
  settings: TrainingSettings;
  seed: number;
}

export class CaptionBatches {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokenSubsample: number | undefined;
  readonly usesLocal = true;
  private readonly batches: RowBatches;
  private readonly images: ImageFeeds;

  constructor(private readonly options: CaptionBatchesOptions) {
    const { split, images, config, settings, seed } = options;
    const { batchSize, tokenSubsample } = settings;
    this.batches = new RowBatches({ split, images, batchSize, seed });
    this.images = new ImageFeeds({ images, image: config.image, tokenSubsample, usesLocal: true, seed });
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
    const { vocabulary, config, settings, seed } = this.options;
    const rows = this.batches.of(step, count);
    const images = (which: 'reference' | 'target') =>
      // The same places in both pictures, whose difference is taken place by place.
      this.images.of({ rows: rows.map((row) => row[which]), prefix: `${which}.`, draw: `tokens of step ${step}`, isResident });
    const random = Random.derive(seed, `texts of step ${step}`);
    const texts = textsOf(rows, settings.captionSwap, random);
    const flat: Record<string, Tensor> = {
      ...(config.sees === 'both' ? images('reference') : {}),
      ...images('target'),
      words: tensor('int64', [rows.length, config.words + 2], captionIds(vocabulary, config, texts)),
    };
    return this.batches.complete(flat, rows, steps);
  }
}
