/** Trains LIMN on the triplets of a dataset and leaves the best epoch's model in the run folder. */
import type { z } from 'zod';
import { type Logger, type OnProgress, silentLogger } from '../core/progress.js';
import { Random } from '../core/random.js';
import type { Split } from '../data/triplets.js';
import { evaluate } from '../eval/evaluate.js';
import { findProtocol } from '../eval/protocols/index.js';
import { type LimnConfigInput, limnConfig } from '../models/config.js';
import { limnTrainingModel } from '../models/limn-graphs.js';
import { LimnModel } from '../models/limn-model.js';
import type { PictureReader } from '../models/picture-reader.js';
import { TextReader } from '../models/text-reader.js';

import { optimizerOf, parse, readSplits, stepsOf, trainingVocabulary, withStepsPerRun } from './common.js';
import { trainingLoop, type Weights } from './loop.js';
import { RunFolder } from './run-folder.js';
import { trainingSettings } from './settings.js';
import { TripletBatches, trainingTexts } from './triplet-batches.js';

export interface TrainOptions {
  train: Split;
  val: Split;
  /** Encodes the pictures; the caller closes it. */
  reader: PictureReader;
  /** Reads the texts; the caller closes it. @default the words of the training texts */
  text?: TextReader;
  /** The run folder. */
  out: string;
  /** What is kept of the data's origin in config.json. */
  dataset: Record<string, unknown>;
  /** The model, where it differs from the defaults of models/config.ts. */
  model?: Partial<LimnConfigInput>;
  /** The training, where it differs from the defaults of train/settings.ts. */
  training?: z.input<typeof trainingSettings>;
  /** @default 1 */
  seed?: number;
  /** Go on from the folder's last checkpoint. @default false */
  resume?: boolean;
  /** What a picture that cannot be read does. @default 'error' */
  onBroken?: 'error' | 'skip';
  /** Fires to stop after writing a checkpoint. */
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  logger?: Logger;
}

export interface TrainResult {
  /** The folder of the best epoch's model. */
  model: string;
  /** R@K in percent of the best epoch, on validation. */
  bestRecall: Record<string, number>;
  /** The best epoch, from 1. */
  epoch: number;
  steps: number;
  /** Seconds of training and validation, over all runs of this folder. */
  seconds: number;
}

/**
 * Trains, or goes on training.
 *
 * @throws LimnError INTERRUPTED after a checkpoint when `signal` fires; NOT_FINITE naming the step when the loss is no number;
 * USAGE, CONFIG, DATA, CHECKPOINT for what is wrong with the folder, the settings, the data or a checkpoint
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { train: trainSplit, val, reader, out, dataset, seed = 1, resume = false, signal, onProgress } = options;
  const logger = options.logger ?? silentLogger;
  const text = options.text ?? TextReader.words();
  const settings = parse(trainingSettings, options.training ?? {}, 'training settings');
  const protocol = findProtocol(settings.protocol);
  const { vocabulary, longest } = trainingVocabulary(trainSplit, reader);
  const config = parse(
    limnConfig,
    {
      words: Math.min(longest, 48),
      ...options.model,
      vocabularySize: vocabulary.size,
      picture: reader.config,
      text: text.config,
    },
    'model config',
  );
  const encoder = { id: reader.id, ...(reader.description ? { description: reader.description } : {}) };
  const textEncoder = text.choice && { id: text.id, choice: text.choice };
  const run = await RunFolder.open(
    out,
    {
      format: 'limn-run-1',
      dataset,
      seed,
      encoder: reader.id,
      ...(text.choice ? { textEncoder: text.id } : {}),
      model: config,
      training: settings,
    },
    resume,
  );
  const { onBroken } = options;
  const read = await readSplits({ train: trainSplit, val, reader, vocabulary, onBroken, signal, onProgress, logger });
  const { pictures, valPictures, readableVal } = read;
  const texts = await text.read({
    texts: trainingTexts(trainSplit, settings),
    vocabulary,
    words: config.words,
    signal,
    onProgress,
  });
  const batches = new TripletBatches(trainSplit, pictures, texts, vocabulary, config, settings, seed);
  const buffers = pictures.statistics(Array.from(pictures.ids.keys()));
  const totalSteps = (stepsPerRun: number) => stepsOf(settings, batches.stepsPerEpoch, stepsPerRun);
  const graph = withStepsPerRun(settings, (stepsPerRun) =>
    limnTrainingModel(config, {
      batchSize: settings.batchSize,
      optimizer: optimizerOf(settings, totalSteps(stepsPerRun)),
      random: Random.derive(seed, 'initial parameters'),
      buffers,
      stepsPerRun,
      tokensSeen: batches.tokensSeen,
      weighted: batches.weighted,
      encoders: {
        ...(reader.tuned ? { picture: reader.tuned } : {}),
        ...(text.tuned ? { text: text.tuned } : {}),
        learningRateScale: (settings.encoderLearningRate ?? settings.learningRate) / settings.learningRate,
      },
      accumulate: settings.accumulate,
      recompute: settings.recompute,
    }),
  );
  const modelOf = (parameters: Weights) =>
    new LimnModel({ config, vocabulary, weights: { ...parameters, ...buffers }, encoder, textEncoder }, out, '', {
      text,
      picture: reader,
    });
  const ks = [...new Set([1, 10, 50, settings.selectBy])];
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
        const { recall } = await evaluate({ model, split: readableVal, pictures: valPictures, protocol, ks });
        await model.close();
        return { score: recall[settings.selectBy] as number, values: named(recall) };
      },
      keep: (parameters) => modelOf(parameters).save(run.model),
      scoreName: `R@${settings.selectBy}`,
      labels: { protocol: protocol.id },
      checkpointSeconds: settings.checkpointSeconds,
      signal,
      onProgress,
      logger,
    });
    const bestRecall = Object.fromEntries(ks.map((k) => [k, best.values[`R@${k}`] as number]));
    return { model: run.model, bestRecall, epoch: best.epoch, steps, seconds };
  } finally {
    await read.close();
    await texts.close();
  }
}

const named = (recall: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(recall).map(([k, percent]) => [`R@${k}`, percent]));
