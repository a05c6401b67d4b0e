/** Trained models that stand in for those of round 0. */
import { isDeepStrictEqual } from 'node:util';
import { LimnError } from '../../core/errors.js';
import type { ImageConfig } from '../../models/backbone/config.js';
import { CaptionerModel } from '../../models/captioner/captioner-model.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { Split } from '../data/triplets.js';
import { evaluate } from '../eval/evaluate.js';
import { evaluateCaptions } from '../eval/evaluate-captions.js';
import { withSplitImages } from '../eval/split-images.js';
import { recallKs } from '../train/train.js';
import { validatedCaptions } from '../train/train-captioner.js';
import type { RoundResult } from './rounds.js';
import { type ModelFolders, protocolOf, reporting, scoreKey, type Work } from './work.js';

/**
 * Whether the models can read what the reader reads.
 *
 * @returns the SHA-256 of each model's weights
 * @throws LimnError CHECKPOINT when a folder holds no such model; ENCODER for a model of another encoder, or of one that was trained
 * with it
 */
export async function checkGiven({ limn, captioner }: ModelFolders, reader: ImageEncoderRuntime): Promise<ModelFolders> {
  const retriever = await RetrievalModel.open(limn);
  checkEncoder(`LIMN in ${limn}`, retriever.parts.encoder.id, retriever.config.image, reader);
  const writer = await openGivenCaptioner(captioner, reader);
  return { limn: retriever.hash, captioner: writer.hash };
}

/** A captioner that can read what the reader reads. @throws LimnError as {@link checkGiven} does */
export async function openGivenCaptioner(folder: string, reader: ImageEncoderRuntime): Promise<CaptionerModel> {
  const writer = await CaptionerModel.open(folder);
  checkEncoder(`captioner in ${folder}`, writer.parts.encoder.id, writer.parts.config.image, reader);
  return writer;
}

function checkEncoder(what: string, id: string, config: ImageConfig, reader: ImageEncoderRuntime): void {
  if (config.kind === 'tuned') {
    const message = `The ${what} was trained together with its picture encoder; give one that was trained on a frozen encoder or on patches.`;
    throw new LimnError('ENCODER', message, { details: { encoder: id } });
  }
  if (id === reader.id && isDeepStrictEqual(config, reader.config)) return;
  const message = `The ${what} was trained with the encoder ${id}, but the images are read with ${reader.id}: both models must use the encoder that --encoder names.`;
  throw new LimnError('ENCODER', message, { details: { wanted: id, found: reader.id } });
}

/** Measures the given models on validation, as those of a round are measured. */
export async function measureGiven(work: Work, { limn, captioner }: ModelFolders, val: Split): Promise<RoundResult> {
  const recall = await measureLimn(work, limn, val);
  const captions = await measureCaptioner(work, captioner, val, 0);
  const trainedOn = { labelled: 0, pseudo: 0 };
  return { round: 0, given: true, recall, captions, mined: {}, counts: {}, trainedOn, steps: 0, seconds: {} };
}

async function measureLimn(work: Work, folder: string, split: Split): Promise<Record<string, number>> {
  const { settings, reader, onBroken } = work;
  const tools = reporting(work, 0);
  const model = await RetrievalModel.open(folder);
  const [protocol, ks] = [protocolOf(settings), recallKs(Number(scoreKey(settings)))];
  try {
    return await withSplitImages({ model, split, reader, onBroken, ...tools }, async (images, usable) => {
      return (await evaluate({ model, split: usable, images, protocol, ks, ...tools })).recall;
    });
  } finally {
    await model.close();
  }
}

/** Measures a captioner that was not trained here as the validations of a training do. */
export async function measureCaptioner(work: Work, folder: string, split: Split, round: number): Promise<Record<string, number>> {
  const { reader, onBroken } = work;
  const tools = reporting(work, round);
  const model = await CaptionerModel.open(folder);
  try {
    return await withSplitImages({ model, split, reader, onBroken, ...tools }, async (images, usable) => {
      return (await evaluateCaptions({ model, split: usable, images, limit: validatedCaptions, ...tools })).metrics;
    });
  } finally {
    await model.close();
  }
}
