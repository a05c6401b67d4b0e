/** The training's own loss on triplets that it does not learn from: without dropout, in batches that are the same each time. */
import type { OnProgress } from '../../core/progress.js';
import type { Device } from '../../engine/runtime/device.js';
import { Session } from '../../engine/runtime/session.js';
import type { Tensor } from '../../engine/tensor/tensor.js';
import type { TrainableEncoders } from '../../models/backbone/trainable.js';
import type { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ModelConfig } from '../../models/methods/define-method.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { lossModel } from '../../models/retrieval/retrieval-graphs.js';
import type { TextReader } from '../../models/retrieval/text-reader.js';
import type { Split } from '../data/triplets.js';
import type { Weights } from './loop.js';
import type { TrainingSettings } from './settings.js';
import { TripletBatches, trainingTexts } from './triplet-batches.js';

/** More triplets would make the number no better and a validation of trained encoders much slower. */
const most = 512;

export interface ValidationLossOptions {
  split: Split;
  images: ImageFeatures;
  text: TextReader;
  vocabulary: Vocabulary;
  config: ModelConfig;
  settings: TrainingSettings;
  encoders: TrainableEncoders;
  device?: Device | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/**
 * The mean loss of whole batches of at most {@link most} triplets; the smaller the batch, the fewer negatives and the lower the loss, so
 * that a split with less than one batch is measured in one of its own size.
 *
 * @returns undefined where there are not two triplets to tell apart
 */
export async function validationLoss(weights: Weights, options: ValidationLossOptions): Promise<number | undefined> {
  const { split, images, text, vocabulary, config, encoders, device, signal, onProgress } = options;
  const rows = split.triplets.flatMap(({ reference, targets, captions }) =>
    captions.length > 0 && images.rowOf(reference) !== undefined ? targets.filter((id) => images.rowOf(id) !== undefined) : [],
  );
  const batchSize = Math.min(options.settings.batchSize, rows.length);
  if (batchSize < 2) return undefined;
  const settings = { ...options.settings, batchSize, captionSwap: 0, wordDropout: 0, tokenSubsample: 0 };
  const wanted = trainingTexts(split, settings);
  const texts = await text.read({ texts: wanted, vocabulary, words: config.words, signal, onProgress });
  try {
    const batches = new TripletBatches({ split, images, texts, vocabulary, config, settings, seed: 1 });
    const session = await Session.open(lossModel(config, weights, batchSize, encoders), { label: 'validation loss', device });
    try {
      const steps = Math.max(1, Math.min(batches.stepsPerEpoch, Math.floor(most / batchSize)));
      let sum = 0;
      for (let step = 0; step < steps; step++) {
        const { rowWeights, ...feeds } = batches.feeds({ step, count: 1, masks: [], isStacked: false });
        const { loss } = await session.run(feeds, { fetch: ['loss'], transfer: true });
        sum += (loss as Tensor<'float32'>).data[0] as number;
      }
      return sum / steps;
    } finally {
      await session.close();
    }
  } finally {
    await texts.close();
  }
}
