/** Trains the difference captioner on the triplets of a dataset and leaves the best epoch's model in the run folder. */

import { silentLogger } from '../core/progress.js';
import { Random } from '../core/random.js';
import { evaluateCaptions } from '../eval/evaluate-captions.js';
import { type CaptionerConfigInput, captionerConfig } from '../models/captioner-config.js';
import { captionerTrainingModel } from '../models/captioner-graphs.js';
import { CaptionerModel } from '../models/captioner-model.js';
import { CaptionBatches } from './caption-batches.js';
import { optimizerOf, parse, readSplits, stepsOf, trainingVocabulary, withStepsPerRun } from './common.js';
import { trainingLoop, type Weights } from './loop.js';
import { RunFolder } from './run-folder.js';
import { trainingSettings } from './settings.js';
import type { TrainOptions } from './train.js';

export interface TrainCaptionerOptions extends Omit<TrainOptions, 'model' | 'text'> {
  /** The captioner, where it differs from the defaults of models/captioner-config.ts. */
  model?: Partial<CaptionerConfigInput>;
}

export interface TrainCaptionerResult {
  /** The folder of the best epoch's model. */
  model: string;
  /** Caption metrics of the best epoch, on validation. */
  metrics: Record<string, number>;
  /** The best epoch, from 1. */
  epoch: number;
  steps: number;
  /** Seconds of training and validation, over all runs of this folder. */
  seconds: number;
}

/** Validation triplets that are captioned in a validation. */
const validated = 500;

/**
 * Trains, or goes on training. The epoch with the best CIDEr-D of greedy texts, on up to 500 validation triplets, is kept.
 *
 * @throws LimnError as `train` does
 */
export async function trainCaptioner(options: TrainCaptionerOptions): Promise<TrainCaptionerResult> {
  const { train: trainSplit, val, reader, out, dataset, seed = 1, resume = false, signal, onProgress } = options;
  const logger = options.logger ?? silentLogger;
  const settings = parse(trainingSettings, options.training ?? {}, 'training settings');
  const { vocabulary, longest } = trainingVocabulary(trainSplit, reader);
  const config = parse(
    captionerConfig,
    { words: Math.min(longest, 32), ...options.model, vocabularySize: vocabulary.size, picture: reader.config },
    'captioner config',
  );
  const encoder = { id: reader.id, ...(reader.description ? { description: reader.description } : {}) };
  const run = await RunFolder.open(
    out,
    { format: 'limn-caption-run-1', dataset, seed, encoder: reader.id, model: config, training: settings },
    resume,
  );
  const { onBroken } = options;
  const read = await readSplits({ train: trainSplit, val, reader, vocabulary, onBroken, signal, onProgress, logger });
  const { pictures, valPictures, readableVal } = read;
  const batches = new CaptionBatches(trainSplit, pictures, vocabulary, config, settings, seed);
  const buffers = pictures.statistics(Array.from(pictures.ids.keys()));
  const totalSteps = (stepsPerRun: number) => stepsOf(settings, batches.stepsPerEpoch, stepsPerRun);
  const graph = withStepsPerRun(settings, (stepsPerRun) =>
    captionerTrainingModel(config, {
      batchSize: settings.batchSize,
      optimizer: optimizerOf(settings, totalSteps(stepsPerRun)),
      random: Random.derive(seed, 'initial parameters'),
      buffers,
      stepsPerRun,
      tokensSeen: batches.tokensSeen,
      weighted: batches.weighted,
    }),
  );
  const modelOf = (parameters: Weights) =>
    new CaptionerModel({ config, vocabulary, weights: { ...parameters, ...buffers }, encoder }, out);
  try {
    const { best, steps, seconds } = await trainingLoop({
      run,
      graph,
      totalSteps: totalSteps(graph.stepsPerRun),
      stepsPerEpoch: batches.stepsPerEpoch,
      validateEvery: settings.validateEvery,
      feeds: (step) => batches.feeds(step, graph.stepsPerRun, graph.masks, graph.stepsPerRun > 1),
      validate: async (parameters) => {
        const model = modelOf(parameters);
        const { metrics } = await evaluateCaptions({ model, split: readableVal, pictures: valPictures, limit: validated });
        await model.close();
        return { score: metrics['CIDEr-D'], values: metrics };
      },
      keep: (parameters) => modelOf(parameters).save(run.model),
      scoreName: 'CIDEr-D',
      checkpointSeconds: settings.checkpointSeconds,
      signal,
      onProgress,
      logger,
    });
    return { model: run.model, metrics: best.values, epoch: best.epoch, steps, seconds };
  } finally {
    await read.close();
  }
}
