/** Reads the graph of an encoder's ONNX file, with the weights that lie beside it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { freeMemory } from '../../../core/free-memory.js';
import { readRegularFile } from '../../../core/regular-file.js';
import {
  type ImportedModel,
  type ParameterChoice,
  packWeights,
  readModel,
  type WeightType,
} from '../../../engine/graph/index.js';

/**
 * The graph, without the numbers of its tensors but for small ones: the file is read again when they are wanted.
 *
 * @param choice what the encoder's description says of its weights
 * @throws LimnError IO for a file that cannot be read, ENCODER or GRAPH_UNSUPPORTED for one that limn cannot import, CONFIG for a
 * choice that names no tensor of the file
 */
export async function readModelFile(weights: string, { trained, frozen }: ParameterChoice = {}): Promise<ImportedModel> {
  const file = { path: weights, read: (offset: number, length: number) => readPart(weights, offset, length) };
  const bytes = await bytesOf(weights);
  const model = readModel(bytes, { trained, frozen, externalData: besides(weights), file });
  if (bytes.length === bytes.buffer.byteLength) freeMemory([bytes]);
  return model;
}

/** The file as one, with what lies beside it, and its weights in a type. @throws LimnError IO, ENCODER, USAGE */
export async function packModelFile(weights: string, type: WeightType): Promise<Uint8Array> {
  return packWeights(await bytesOf(weights), type, besides(weights));
}

const bytesOf = (weights: string) =>
  readRegularFile(weights).catch((cause) => {
    throw new LimnError('IO', `Cannot read the encoder's weights ${weights}: ${messageOf(cause)}.`, { cause });
  });

const besides = (weights: string) => (location: string, offset: number, length: number) =>
  readPart(join(dirname(weights), location), offset, length);

function readPart(path: string, offset: number, length: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}
