/** A training from the run folder to its best epoch: what the trainings of all models have in common. */
import { join } from 'node:path';
import type { z } from 'zod';
import { type Logger, type OnProgress, silentLogger } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import type { Products } from '../../engine/graph/index.js';
import type { OptimizerOptions } from '../../engine/nn/optimizer.js';
import type { TrainingModel } from '../../engine/nn/training.js';
import { chosenDevice, type Device } from '../../engine/runtime/device.js';
import { requireDevice } from '../../engine/runtime/session.js';
import type { Tensor } from '../../engine/tensor/tensor.js';
import type { ResidentFeatures } from '../../models/backbone/resident-features.js';
import type { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EncoderIdentity } from '../../models/retrieval/model-folder.js';
import { lostWeights } from '../../models/retrieval/restorable.js';
import { requireBatch } from '../data/batches.js';
import type { Split } from '../data/triplets.js';
import { remarksOn, requireUsable } from '../data/usable.js';
import { optimizerOf, parse, readSplits, stepsOf, trainingVocabulary, withStepsPerRun } from './common.js';
import { trainingLoop, type Validation, type Weights } from './loop.js';
import { productsOf, requirePrecision } from './precision.js';
import { chooseTables, residentTensors } from './resident-tables.js';
import type { Steps } from './row-batches.js';
import { type Best, RunFolder } from './run-folder.js';
import { type TrainingSettings, type TrainingSettingsInput, trainingSettings } from './settings.js';

/** What every training is given. */
export interface CommonTrainOptions {
  /** Triplets to learn from. */
  train: Split;
  /** Triplets that choose the best epoch. */
  val: Split;
  /** Encodes the pictures; the caller closes it. */
  reader: ImageEncoderRuntime;
  /** The run folder. */
  out: string;
  /** What is kept of the data's origin in config.json. */
  dataset: Record<string, unknown>;
  /** The training, where it differs from the defaults of learning/train/settings.ts. */
  training?: TrainingSettingsInput;
  /** Seed of all random draws. @default 1 */
  seed?: number;
  /** Go on from the folder's last checkpoint. @default false */
  resume?: boolean;
  /** Whether a run that is resumed may go on with another learning rate, as after one that diverged. @default false */
  changeRate?: boolean;
  /** What a picture that cannot be read does. @default 'error' */
  onBroken?: 'error' | 'skip';
  /** What the training is computed on. A checkpoint of one device can be gone on with on another. @default `LIMN_DEVICE` or "cpu" */
  device?: Device;
  /** Fires to stop after writing a checkpoint. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where remarks go. @default {@link silentLogger} */
  logger?: Logger;
}

/** What a training knows before its model has a config. */
export interface Start {
  settings: TrainingSettings;
  vocabulary: Vocabulary;
  /** The most words of a training text. */
  longest: number;
  /** The picture encoder, as the model's folder names it. */
  encoder: EncoderIdentity;
  seed: number;
}

/** @throws LimnError CONFIG for wrong settings; DATA for splits that nothing can be learned from or measured on */
export function startOf({ train, val, reader, training = {}, seed = 1 }: CommonTrainOptions): Start {
  requireUsable(train, 'train on');
  requireUsable(val, 'validate on');
  const settings = parse(trainingSettings, training, 'training settings');
  // Pictures that cannot be read may make it fewer, which is found once they are read.
  requireBatch(
    train.triplets.flatMap(({ targets, captions }) => (captions.length > 0 ? targets : [])).length,
    settings.batchSize,
  );
  return { settings, ...trainingVocabulary(train, reader), encoder: reader.identity, seed };
}

/** The inputs of a training, step by step. */
export interface Batches {
  readonly stepsPerEpoch: number;
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokenSubsample: number | undefined;
  /** Whether the model has a use for local tokens. */
  readonly usesLocal: boolean;
  /** Whether rows count differently. */
  readonly weighted: boolean;
  /** The feeds of some steps, stacked along a leading axis where the graph takes several in one run. */
  feeds(steps: Steps): Record<string, Tensor>;
}

/** What every training graph is built with. */
export interface GraphOptions {
  batchSize: number;
  optimizer: OptimizerOptions;
  random: Random;
  buffers: Readonly<Record<string, Tensor>>;
  stepsPerRun: number;
  tokenSubsample: number | undefined;
  /** Tables of features that the graph gathers from. */
  resident: ResidentFeatures | undefined;
  weighted: boolean;
  optimizerIn: 'flat graph' | 'runtime';
  /** What matrix products are computed in. */
  products: Products;
}

/** A model with weights, as far as a training needs it. */
interface TrainedModel {
  save(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** What is a model's own in its training. */
export interface Recipe<Model extends TrainedModel> {
  /** Of config.json. */
  format: string;
  /** Of `model` in config.json. */
  schema: z.ZodType;
  /** What config.json says of the model. */
  described: Record<string, unknown>;
  batches(images: ImageFeatures): Batches | Promise<Batches>;
  graph(options: GraphOptions): TrainingModel;
  /** @param weights parameters and buffers */
  model(weights: Weights): Model;
  /** Measures a model on what could be read of the validation split. @param weights its parameters and buffers */
  measure(model: Model, split: Split, images: ImageFeatures, weights: Weights): Promise<Validation>;
  /** Called after every validation; the training waits for it. */
  validated?(validation: { epoch: number; isBest: boolean; model: string }): Promise<void>;
  /** What {@link Validation.score} is, for the progress line. */
  scoreName: string;
  /** Said beside every validation in metrics.ndjson. */
  labels?: Record<string, string>;
}

export interface TrainingEnd {
  /** The folder of the best epoch's model. */
  model: string;
  best: Best;
  steps: number;
  /** Seconds of training and validation, over all runs of this folder. */
  seconds: number;
}

/** Trains, or goes on training, and keeps the best epoch's model. @throws LimnError as `train` does */
export async function runTraining<Model extends TrainedModel>(
  options: CommonTrainOptions,
  { settings, vocabulary, seed }: Start,
  recipe: Recipe<Model>,
): Promise<TrainingEnd> {
  const {
    train,
    val,
    reader,
    out,
    dataset,
    resume = false,
    changeRate = false,
    onBroken,
    device,
    signal,
    onProgress,
    logger = silentLogger,
  } = options;
  const { format, schema, described, scoreName, labels, validated } = recipe;
  const config = { format, dataset, seed, encoder: reader.id, ...described, training: settings };
  for (const remark of [...remarksOn(train), ...remarksOn(val)]) logger.info(`note: ${remark}`);
  const lost = lostWeights(reader, join(out, 'model'));
  if (lost) logger.warn(lost.message);
  const { float16 } = await requireDevice(device);
  requirePrecision(settings.precision, chosenDevice(device), float16);
  const changeable = changeRate ? ['learningRate', 'encoderLearningRate'] : [];
  const onChange = (what: string) => logger.warn(`resumes with another learning rate: ${what}`);
  const run = await RunFolder.open(out, config, resume, {
    changeable,
    onChange,
    schemas: { training: trainingSettings, model: schema },
  });
  const read = await readSplits({ train, val, reader, vocabulary, onBroken, signal, onProgress, logger }).catch(async (error) => {
    await run.close();
    throw error;
  });
  try {
    const { images, valImages, readableVal } = read;
    requireUsable(readableVal, 'validate on');
    const batches = await recipe.batches(images);
    const { stepsPerEpoch, tokenSubsample, usesLocal, weighted } = batches;
    const onGpu = chosenDevice(device) !== 'cpu';
    const { features: resident, remark } = onGpu ? chooseTables({ images, usesLocal, float16 }) : {};
    if (remark) logger.info(remark);
    const buffers = images.statistics(Array.from(images.ids.keys()));
    const totalSteps = (stepsPerRun: number) => stepsOf(settings, stepsPerEpoch, stepsPerRun);
    const graph = withStepsPerRun(settings, (stepsPerRun) =>
      recipe.graph({
        batchSize: settings.batchSize,
        optimizer: optimizerOf(settings, totalSteps(stepsPerRun)),
        random: Random.derive(seed, 'initial parameters'),
        buffers,
        stepsPerRun,
        tokenSubsample,
        resident,
        weighted,
        optimizerIn: onGpu ? 'flat graph' : 'runtime',
        products: productsOf(settings.precision),
      }),
    );
    const { stepsPerRun, masks } = graph;
    const weightsOf = (parameters: Weights) => ({ ...parameters, ...buffers });
    const modelOf = (parameters: Weights) => recipe.model(weightsOf(parameters));
    const ended = await trainingLoop({
      run,
      graph,
      totalSteps: totalSteps(stepsPerRun),
      stepsPerEpoch,
      validateEvery: settings.validateEvery,
      feeds: (step) =>
        batches.feeds({ step, count: stepsPerRun, masks, isStacked: stepsPerRun > 1, isResident: resident !== undefined }),
      ...(resident ? { resident: () => residentTensors(images, resident) } : {}),
      validate: async (parameters) => {
        const model = modelOf(parameters);
        const validation = await recipe.measure(model, readableVal, valImages, weightsOf(parameters));
        await model.close();
        return validation;
      },
      keep: (parameters) => modelOf(parameters).save(run.model),
      ...(validated ? { validated: (validation) => validated({ ...validation, model: run.model }) } : {}),
      scoreName,
      ...(labels ? { labels } : {}),
      checkpointSeconds: settings.checkpointSeconds,
      changeRate,
      device,
      signal,
      onProgress,
      logger,
    });
    return { model: run.model, ...ended };
  } finally {
    await read.close();
    await run.close();
  }
}
