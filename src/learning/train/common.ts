/** What every training here does before its loop. */
import type { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import type { Logger, OnProgress } from '../../core/progress.js';
import type { OptimizerOptions } from '../../engine/nn/optimizer.js';
import type { TrainingModel } from '../../engine/nn/training.js';
import { sizeOf } from '../../engine/tensor/tensor.js';
import { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { type Split, withoutImages } from '../data/triplets.js';
import type { TrainingSettings } from './settings.js';

/** @throws LimnError CONFIG that names the first wrong key */
export function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const sentence = `${issue?.message}`.replace(/(?<![.?!])$/, '.');
  throw new LimnError('CONFIG', `Wrong ${what} at ${issue?.path.join('.') || 'the top'}: ${sentence}`, {
    details: { issues: parsed.error.issues },
  });
}

/** The words of the training texts, and of captions that stand in for pictures. `longest` is the most words of a text. */
export function trainingVocabulary(split: Split, reader: ImageEncoderRuntime): { vocabulary: Vocabulary; longest: number } {
  const texts = split.triplets.flatMap(({ captions }) => captions);
  const vocabulary = Vocabulary.build([...texts, 'and', ...reader.texts(split.images)], { minCount: 1 });
  const longest = Math.max(...split.triplets.map(({ text }) => vocabulary.encode(text, 1).truncated + 1));
  return { vocabulary, longest };
}

export interface ReadSplitsOptions {
  train: Split;
  val: Split;
  reader: ImageEncoderRuntime;
  vocabulary: Vocabulary;
  /** @default 'error' */
  onBroken?: 'error' | 'skip' | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  logger: Logger;
}

export interface ReadSplits {
  images: ImageFeatures;
  valImages: ImageFeatures;
  /** `val` without what could not be read. */
  readableVal: Split;
  close(): Promise<void>;
}

/** The pictures of both splits; broken ones that are skipped are warned of. */
export async function readSplits(options: ReadSplitsOptions): Promise<ReadSplits> {
  const { train, val, reader, vocabulary, onBroken = 'error', signal, onProgress, logger } = options;
  const read = async ({ name, images }: Split) => {
    const report: OnProgress | undefined = onProgress && ((event) => onProgress({ ...event, stage: `${event.stage} (${name})` }));
    const source = await reader.read({ images, vocabulary, onBroken, signal, onProgress: report });
    for (const { reason } of source.broken.slice(0, 3)) logger.warn(reason);
    if (source.broken.length > 3) logger.warn(`${source.broken.length - 3} more pictures could not be read and were left out`);
    return source;
  };
  const images = await read(train);
  const valImages = await read(val);
  const broken = valImages.broken.map(({ id }) => id);
  return {
    images,
    valImages,
    readableVal: withoutImages(val, broken),
    close: async () => {
      await images.close();
      await valImages.close();
    },
  };
}

/** Steps of a whole training, a multiple of those of a run. */
export function stepsOf(settings: TrainingSettings, stepsPerEpoch: number, stepsPerRun: number): number {
  return Math.max(1, Math.floor((settings.epochs * stepsPerEpoch) / stepsPerRun)) * stepsPerRun;
}

/** @param steps batches of the whole training */
export function optimizerOf(settings: TrainingSettings, steps: number): OptimizerOptions {
  const { learningRate, warmup, weightDecay, clipNorm, accumulate, averageDecay = 0 } = settings;
  // The optimizer counts its own steps, which several batches may make together.
  const totalSteps = Math.ceil(steps / accumulate);
  const warmupSteps = Math.round((warmup * steps) / accumulate);
  return { learningRate, totalSteps, warmupSteps, weightDecay, clipNorm, averageDecay };
}

/** Several steps a run where the settings say so, or for a model so small that the cost of a call matters (docs/decisions/0003). */
export function withStepsPerRun(settings: TrainingSettings, build: (stepsPerRun: number) => TrainingModel): TrainingModel {
  if (settings.stepsPerRun !== undefined) return build(settings.stepsPerRun);
  const flat = build(1);
  const parameters = flat.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return parameters <= 200_000 ? build(4) : flat;
}
