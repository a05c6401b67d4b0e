/** Trains LIMN on the triplets of a dataset and leaves the best epoch's model in the run folder. */

import type { MethodDefinition } from '../../models/methods/define-method.js';
import { methodId } from '../../models/methods/methods.js';
import { type ModelConfigInput, modelConfig } from '../../models/methods/model-config.js';
import { limnTrainingModel } from '../../models/retrieval/retrieval-graphs.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { TextReader } from '../../models/retrieval/text-reader.js';
import type { TextSource } from '../../models/retrieval/text-source.js';
import { sampleTexts } from '../../models/retrieval/training-texts.js';
import { chanceOf } from '../eval/chance.js';
import { evaluate } from '../eval/evaluate.js';
import { applyProtocol, findProtocol } from '../eval/protocols/index.js';
import { parse } from './common.js';
import { type CommonTrainOptions, runTraining, startOf } from './run-training.js';
import { TripletBatches, trainingTexts } from './triplet-batches.js';
import { validationLoss } from './validation-loss.js';

/** Options of {@link train}. */
export interface TrainOptions extends CommonTrainOptions {
  /** Reads the texts; the caller closes it. @default the words of the training texts */
  text?: TextReader;
  /** The id of a method, or what defineMethod made, which is known by its id from then on. @default `model.method` or "limn" */
  method?: string | MethodDefinition | undefined;
  /** The model and the options of its method, where they differ from their defaults. */
  model?: Partial<ModelConfigInput>;
  /** Called after each validation; the training waits for it. */
  onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined;
}

/** What is known after a validation. */
export interface EpochReport {
  /** From 1. */
  epoch: number;
  /** Of the whole training. */
  epochs: number;
  /** R@K in percent, by K. */
  recall: Record<string, number>;
  /** The rank, from 1, of each validation query's best target, in the order of the triplets whose images could be read. */
  ranks: number[];
  /** Whether it is the best epoch so far, whose model is then in {@link model}. */
  isBest: boolean;
  /** The folder of the best epoch's model. */
  model: string;
}

/** What {@link train} made. */
export interface TrainResult {
  /** The folder of the best epoch's model. */
  model: string;
  /** R@K in percent of the best epoch, on validation. */
  bestRecall: Record<string, number>;
  /** What a random ranking is expected to have of them, in percent. */
  chance: Record<string, number>;
  /** The best epoch, from 1. */
  epoch: number;
  /** Optimizer steps of the whole training. */
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
  const { train: split, reader, out, device, signal, onProgress, onEpoch } = options;
  const text = options.text ?? TextReader.words();
  const start = startOf(options);
  const { settings, vocabulary, longest, encoder, seed } = start;
  const protocol = findProtocol(settings.protocol);
  // What the validation would refuse after the first epoch.
  const applied = applyProtocol(protocol, options.val);
  const config = parse(
    modelConfig,
    {
      words: Math.min(longest, 48),
      ...options.model,
      ...(options.method === undefined ? {} : { method: methodId(options.method) }),
      vocabularySize: vocabulary.size,
      image: reader.config,
      text: text.config,
    },
    'model config',
  );
  const textEncoder = text.choice && { id: text.id, choice: text.choice };
  const trainable = {
    ...(reader.trainable ? { image: reader.trainable } : {}),
    ...(text.trainable ? { text: text.trainable } : {}),
  };
  const ks = recallKs(settings.selectBy);
  const heard = sampleTexts(split.triplets.flatMap(({ captions }) => captions));
  let texts: TextSource | undefined;
  let measured: Pick<EpochReport, 'recall' | 'ranks'> = { recall: {}, ranks: [] };
  try {
    const { model, best, steps, seconds } = await runTraining(options, start, {
      format: 'limn-run-1',
      schema: modelConfig,
      described: { ...(text.choice ? { textEncoder: text.id } : {}), model: config },
      batches: async (images) => {
        const wanted = trainingTexts(split, settings);
        texts = await text.read({ texts: wanted, vocabulary, words: config.words, signal, onProgress });
        return new TripletBatches({ split, images, texts, vocabulary, config, settings, seed });
      },
      graph: (common) =>
        limnTrainingModel(config, {
          ...common,
          encoders: {
            ...trainable,
            learningRateScale: (settings.encoderLearningRate ?? settings.learningRate) / settings.learningRate,
          },
          accumulate: settings.accumulate,
          gradientCheckpointing: settings.gradientCheckpointing,
        }),
      model: (weights) =>
        new RetrievalModel(
          { config, vocabulary, weights, encoder, textEncoder, texts: heard },
          out,
          '',
          { text, image: reader },
          device,
        ),
      measure: async (model, val, images, weights) => {
        const { recall, ranks } = await evaluate({ model, split: val, images, protocol, ks });
        measured = { recall, ranks };
        const data = { split: val, images, text, vocabulary };
        const loss = await validationLoss(weights, {
          ...data,
          config,
          settings,
          encoders: trainable,
          device,
          signal,
          onProgress,
        });
        const values = { ...named(recall), ...(loss === undefined ? {} : { loss }) };
        return { score: recall[settings.selectBy] as number, values };
      },
      validated: async (validation) => onEpoch?.({ ...validation, ...measured, epochs: settings.epochs }),
      scoreName: `R@${settings.selectBy}`,
      labels: { protocol: protocol.id },
    });
    const bestRecall = Object.fromEntries(ks.map((k) => [k, best.values[`R@${k}`] as number]));
    return { model, bestRecall, chance: chanceOf(applied, ks).recall, epoch: best.epoch, steps, seconds };
  } finally {
    await texts?.close();
  }
}

/** The K of the recall that a validation reports. */
export const recallKs = (selectBy: number) => [...new Set([1, 10, 50, selectBy])];

const named = (recall: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(recall).map(([k, percent]) => [`R@${k}`, percent]));
