/**
 * What the measured things have to compute and to read at least: `operations` of their graphs (operations.mjs) and `bytes` of memory that
 * no cache holds. A floor is the longer of both on this machine.
 */
import { readFile } from 'node:fs/promises';
import { Random } from '../dist/core/random.js';
import { captionerTrainingModel, pairModel, stepModel } from '../dist/models/captioner/captioner-graphs.js';
import { findWeights } from '../dist/models/encoders/image/description.js';
import { queryModel } from '../dist/models/retrieval/retrieval-graphs.js';
import { captionerConfigOf, plainStatistics } from './configs.mjs';
import { operationsOf } from './operations.mjs';
import { optimizer } from './step-race.mjs';

/** A training step: its graph's operations, and what AdamW reads, which is parameters and both moments. @param result of step-race.mjs */
export function trainingStep({ operations, limn }) {
  return operations === undefined ? undefined : { operations, bytes: 3 * 4 * limn.parameters };
}

/**
 * Captions with cached keys and values: both pictures once, then a step for every word and for the end. The weights are small enough to
 * stay in the processor's caches, so that no bytes are counted.
 *
 * @param options of decoding.mjs
 * @param one a result of it
 */
export function captions(options, { decoding, batch }) {
  const config = captionerConfigOf(options);
  const buffers = plainStatistics(options.image);
  const { initialState } = captionerTrainingModel(config, { batchSize: 1, optimizer, random: new Random(1), buffers });
  const weights = { ...initialState, ...buffers };
  const rows = Number(/^beam (\d+)$/.exec(decoding)?.[1] ?? 1);
  // The tokens and the global vector of two pictures and of their difference.
  const memory = 3 * (options.image.tokens + 1);
  const pairs = operationsOf(pairModel(config, weights, batch));
  const step = operationsOf(stepModel(config, weights, batch, rows, memory));
  return { operations: pairs + (config.words + 1) * step, bytes: 0 };
}

/** A search that compares all vectors. */
export const exactSearch = ({ count, width }) => ({ operations: 2 * count * width, bytes: 4 * count * width });

/**
 * A query of a gallery in memory: its picture, where that is encoded, its text, and a comparison with all matching vectors.
 *
 * @param model a RetrievalModel of a frozen encoder
 * @param query.kind a name of queries.mjs @param query.count pictures of the gallery
 */
export async function query({ config, parts }, { kind, count }) {
  const { file, outputs } = parts.encoder.description;
  const search = exactSearch({ count, width: config.width });
  const encodes = kind === 'upload and text' || kind === 'id and text';
  const encoder = encodes
    ? operationsOf(await readFile(findWeights(file, '.')), { outputs: [outputs.local, outputs.global] })
    : 0;
  const embedding = kind === 'id alone' ? 0 : operationsOf(queryModel(config, parts.weights, 1));
  return { operations: search.operations + encoder + embedding, bytes: search.bytes };
}
