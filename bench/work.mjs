/**
 * What the measured things have to compute and to read at least: `operations` of their graphs (operations.mjs) and `bytes` of memory that
 * no cache holds. A floor is the longer of both on this machine.
 */
import { readFile } from 'node:fs/promises';
import { Random } from '../dist/core/random.js';
import { findWeights } from '../dist/encoders/description.js';
import { captionerTrainingModel, pairModel, stepModel } from '../dist/models/captioner-graphs.js';
import { limnTrainingModel, queryModel } from '../dist/models/limn-graphs.js';
import { captionerConfigOf, limnConfigOf, plainStatistics } from './configs.mjs';
import { operationsOf, trainingOperations } from './operations.mjs';
import { untrainedModel } from './untrained-model.mjs';

const optimizer = { learningRate: 1e-3, totalSteps: 1, warmupSteps: 0, weightDecay: 0.01, clipNorm: 1 };
const traced = (build, config, { batch, picture }) =>
  build(config, { batchSize: batch, optimizer, random: new Random(1), buffers: plainStatistics(picture) });

/** AdamW reads parameters and both moments; what it writes is not counted. */
const stateBytes = ({ parameters }) => parameters.reduce((sum, { shape }) => sum + 3 * 4 * shape.reduce((n, x) => n * x, 1), 0);
const ofTraining = (graph) => ({ operations: trainingOperations(graph.model), bytes: stateBytes(graph) });

/** A training step of LIMN. @param options of training-step.mjs */
export const limnStep = (options) => ofTraining(traced(limnTrainingModel, limnConfigOf(options), options));

/** A training step of the captioner. */
export const captionerStep = (options) => ofTraining(traced(captionerTrainingModel, captionerConfigOf(options), options));

/**
 * Captions with cached keys and values: both pictures once, then a step for every word and for the end. The weights are small enough to
 * stay in the processor's caches, so that no bytes are counted.
 *
 * @param options of decoding.mjs
 * @param one a result of it
 */
export function captions(options, { decoding, batch }) {
  const config = captionerConfigOf(options);
  const buffers = plainStatistics(options.picture);
  const weights = { ...traced(captionerTrainingModel, config, { ...options, batch: 1 }).initialState, ...buffers };
  const rows = Number(/^beam (\d+)$/.exec(decoding)?.[1] ?? 1);
  // The tokens and the global vector of two pictures and of their difference.
  const memory = 3 * (options.picture.tokens + 1);
  const pairs = operationsOf(pairModel(config, weights, batch));
  const step = operationsOf(stepModel(config, weights, batch, rows, memory));
  return { operations: pairs + (config.words + 1) * step, bytes: 0 };
}

/** An encoder from a file. @param weights its path, or the name that a description has for it */
export async function encoder(weights, batch, outputs) {
  return { operations: operationsOf(await readFile(findWeights(weights, '.')), { batch, outputs }), bytes: 0 };
}

/** A search that compares all vectors. */
export const exactSearch = ({ count, width }) => ({ operations: 2 * count * width, bytes: 4 * count * width });

/** A search in a gallery in memory: its picture, where that is encoded, its text, and all matching vectors. @param kind of queries.mjs */
export async function query(kind, { count }) {
  const model = await untrainedModel();
  const { config, parts } = model;
  const { file, outputs } = parts.encoder.description;
  const search = exactSearch({ count, width: config.width });
  const picture = /^(upload|id) and text$/.test(kind)
    ? await encoder(file, 1, [outputs.local, outputs.global])
    : { operations: 0 };
  const text = kind === 'id alone' ? 0 : operationsOf(queryModel(config, parts.weights, 1));
  return { operations: search.operations + picture.operations + text, bytes: search.bytes };
}
