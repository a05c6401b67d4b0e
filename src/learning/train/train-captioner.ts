/** Trains the difference captioner on the triplets of a dataset and leaves the best epoch's model in the run folder. */

import { type CaptionerConfigInput, captionerConfig } from '../../models/captioner/captioner-config.js';
import { captionerTrainingModel } from '../../models/captioner/captioner-graphs.js';
import { CaptionerModel } from '../../models/captioner/captioner-model.js';
import { requireUsable } from '../data/usable.js';
import { evaluateCaptions } from '../eval/evaluate-captions.js';
import { CaptionBatches } from './caption-batches.js';
import { parse } from './common.js';
import { type CommonTrainOptions, runTraining, startOf } from './run-training.js';

/** Options of {@link trainCaptioner}. */
export interface TrainCaptionerOptions extends CommonTrainOptions {
  /** The captioner, where it differs from the defaults of models/captioner/captioner-config.ts. */
  model?: Partial<CaptionerConfigInput>;
}

/** What {@link trainCaptioner} made. */
export interface TrainCaptionerResult {
  /** The folder of the best epoch's model. */
  model: string;
  /** Caption metrics of the best epoch, on validation. */
  metrics: Record<string, number>;
  /** The best epoch, from 1. */
  epoch: number;
  /** Optimizer steps of the whole training. */
  steps: number;
  /** Seconds of training and validation, over all runs of this folder. */
  seconds: number;
}

/** Validation triplets that are captioned in a validation. */
export const validatedCaptions = 500;

/**
 * Trains, or goes on training. The epoch with the best CIDEr-D of greedy texts, on up to 500 validation triplets, is kept.
 *
 * @throws LimnError as `train` does
 */
export async function trainCaptioner(options: TrainCaptionerOptions): Promise<TrainCaptionerResult> {
  requireUsable(options.val, 'caption');
  const start = startOf(options);
  const { settings, vocabulary, longest, encoder, seed } = start;
  const config = parse(
    captionerConfig,
    { words: Math.min(longest, 32), ...options.model, vocabularySize: vocabulary.size, image: options.reader.config },
    'captioner config',
  );
  const { model, best, steps, seconds } = await runTraining(options, start, {
    format: 'limn-caption-run-1',
    schema: captionerConfig,
    described: { model: config },
    batches: (images) => new CaptionBatches({ split: options.train, images, vocabulary, config, settings, seed }),
    graph: (common) => captionerTrainingModel(config, common),
    model: (weights) => new CaptionerModel({ config, vocabulary, weights, encoder }, options.out, '', options.device),
    measure: async (captioner, split, images) => {
      const { metrics } = await evaluateCaptions({ model: captioner, split, images, limit: validatedCaptions });
      return { score: metrics['CIDEr-D'], values: metrics };
    },
    scoreName: 'CIDEr-D',
  });
  return { model, metrics: best.values, epoch: best.epoch, steps, seconds };
}
