/**
 * What the measured things have to compute and to read at least: `operations` of their graphs (operations.ts) and `bytes` of memory that
 * no cache holds. A floor is the longer of both on this machine.
 */
import { readFile } from 'node:fs/promises';
import type { RetrievalModel } from 'limn';
import { Random } from 'limn/engine';
import { captionerTrainingModel, pairModel, stepModel } from '#limn/models/captioner/captioner-graphs.js';
import { findWeights } from '#limn/models/encoders/image/description.js';
import { queryModel } from '#limn/models/retrieval/retrieval-graphs.js';
import { type CaptionerSizes, captionerConfigOf, statisticsOf } from './configs.js';
import type { Work } from './line.js';
import { operationsOf } from './operations.js';
import type { StepResult } from './results.js';
import { optimizer } from './step-race.js';

/** A training step: its graph's operations, and what AdamW reads, which is parameters and both moments. */
export function trainingStep({ operations, limn }: StepResult): Work | undefined {
  return operations === undefined ? undefined : { operations, bytes: 3 * 4 * limn.parameters! };
}

/**
 * Captions with cached keys and values: both images once, then a step for every word and for the end. The weights are small enough to
 * stay in the processor's caches, so that no bytes are counted.
 *
 * @param one a way to decode: greedy, or so many beams
 */
export function captions(options: CaptionerSizes, { decoding, batch }: { decoding: string; batch: number }): Work {
  const config = captionerConfigOf(options);
  const buffers = statisticsOf(options.image);
  const { initialState } = captionerTrainingModel(config, { batchSize: 1, optimizer, random: new Random(1), buffers });
  const weights = { ...initialState, ...buffers };
  const rows = Number(/^beam (\d+)$/.exec(decoding)?.[1] ?? 1);
  // The tokens and the global vector of two images and of their difference.
  const memory = 3 * (options.image.tokens + 1);
  const pairs = operationsOf(pairModel(config, weights, batch));
  const step = operationsOf(stepModel(config, weights, batch, rows, memory));
  return { operations: pairs + (config.words + 1) * step, bytes: 0 };
}

/** A search that compares all vectors. */
export const exactSearch = ({ count, width }: { count: number; width: number }): Work => ({
  operations: 2 * count * width,
  bytes: 4 * count * width,
});

/**
 * A query of a gallery in memory: its image, where that is encoded, its text, and a comparison with all matching vectors.
 *
 * @param model of a frozen encoder
 * @param query.kind a name of queries.ts @param query.count images of the gallery
 */
export async function query({ config, parts }: RetrievalModel, { kind, count }: { kind: string; count: number }): Promise<Work> {
  const { file, outputs } = parts.encoder.description!;
  const search = exactSearch({ count, width: config.width });
  const encodes = kind === 'upload and text' || kind === 'id and text, features not kept';
  const encoder = encodes
    ? operationsOf(await readFile(findWeights(file, '.')), { outputs: [outputs.local, outputs.global] })
    : 0;
  const embedding = kind === 'id alone' ? 0 : operationsOf(queryModel(config, parts.weights, 1));
  return { operations: search.operations + encoder + embedding, bytes: search.bytes };
}
