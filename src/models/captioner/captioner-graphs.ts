/**
 * The captioner's graphs, all traced from models/captioner/captioner.ts: training, encoding a pair, writing one word, reading a whole text; that
 * which writes whole texts is in models/captioner/captioner-greedy.ts.
 */
import type { Random } from '../../core/random.js';
import * as f from '../../engine/graph/functions.js';
import { encodeModel, Graph, type Value } from '../../engine/graph/index.js';
import { InferenceContext } from '../../engine/nn/context.js';
import type { KeysAndValues } from '../../engine/nn/layers.js';
import type { OptimizerOptions } from '../../engine/nn/optimizer.js';
import { type InputSpec, type TrainingModel, type TrainingModelOptions, trainingModel } from '../../engine/nn/training.js';
import type { Tensor } from '../../engine/tensor/tensor.js';
import { type Inputs, imageInputs } from '../backbone/image.js';
import { type ResidentFeatures, withResident } from '../backbone/resident-features.js';
import { captionerLoss, decode, decodeStep, encodePair, memories, weighsTokens } from './captioner.js';
import type { CaptionerConfig } from './captioner-config.js';

export interface CaptionerTrainingOptions {
  batchSize: number;
  optimizer: OptimizerOptions;
  random: Random;
  buffers: Readonly<Record<string, Tensor>>;
  stepsPerRun?: number;
  /** Local tokens that are seen of each picture, at the same `places` in both. @default all */
  tokenSubsample?: number | undefined;
  /** Tables that the images' features are gathered from, in place of being fed. @default none */
  resident?: ResidentFeatures | undefined;
  /** Whether texts count differently. @default false */
  weighted?: boolean;
  /** Who takes the optimizer's steps; see engine/nn/training.ts. @default 'graph' */
  optimizerIn?: TrainingModelOptions['optimizerIn'];
  /** What matrix products are computed in; see engine/nn/training.ts. @default 'float32' */
  products?: TrainingModelOptions['products'] | undefined;
}

/** Batch inputs: `reference.*` (unless only the target is seen) and `target.*` pictures, `words` int64 (B, words + 2), and `rowWeights` float32 (B) with `weighted`. */
export function captionerTrainingModel(config: CaptionerConfig, options: CaptionerTrainingOptions): TrainingModel {
  const { batchSize, optimizer, random, buffers, stepsPerRun = 1, tokenSubsample } = options;
  return trainingModel({
    inputs: {
      ...withResident(pairInputs(config, batchSize, tokenSubsample), options.resident),
      words: { dtype: 'int64', shape: [batchSize, config.words + 2] },
      ...(options.weighted ? { rowWeights: { dtype: 'float32', shape: [batchSize] } as const } : {}),
    },
    trace: (context, batch) => captionerLoss(context, config, batch, batch.words!, batch.rowWeights),
    optimizer,
    random,
    buffers,
    stepsPerRun,
    optimizerIn: options.optimizerIn ?? 'graph',
    products: options.products ?? 'float32',
  });
}

type Weights = Readonly<Record<string, Tensor>>;

/**
 * Pairs of pictures -> `memory` (B, n, d), with `memory.bias` (B, 1, 1, n) where its tokens weigh differently, and for each decoder layer
 * `memory.I.keys` and `memory.I.values` (B, H, n, d/H).
 */
export function pairModel(config: CaptionerConfig, weights: Weights, batch: number): Uint8Array {
  const graph = new Graph('pair');
  const context = new InferenceContext(graph, weights);
  const { tokens, bias } = encodePair(context, config, declare(graph, pairInputs(config, batch)));
  graph.output('memory', tokens);
  if (bias) graph.output('memory.bias', bias);
  outputAll(graph, 'memory', memories(context, config, tokens));
  return encodeModel(graph);
}

/**
 * One word of a decoding of B items with `each` rows, R in all. Inputs: `words` int64 (R), `position` int64 (1), `memory.*` of
 * {@link pairModel}, `past.*`, the keys and values so far, and where items have several rows `parents` int64 (R), the row that each
 * row goes on from. Outputs: `logProbabilities` (R, V), `next.past.*`.
 */
export function stepModel(
  config: CaptionerConfig,
  weights: Weights,
  batch: number,
  each: number,
  memoryLength: number,
): Uint8Array {
  const rows = batch * each;
  const graph = new Graph('step');
  const context = new InferenceContext(graph, weights);
  const [words, position] = [graph.input('words', 'int64', [rows]), graph.input('position', 'int64', [1])];
  const bias = biasInput(graph, config, batch, memoryLength);
  const memory = { layers: inputAll(graph, 'memory', config, batch, memoryLength), bias };
  const past = inputAll(graph, 'past', config, rows, config.words + 1);
  const parents = each > 1 ? graph.input('parents', 'int64', [rows]) : undefined;
  const chosen = (value: Value) => (parents ? f.gather(value, parents) : value);
  const before = past.map(({ keys, values }) => ({ keys: chosen(keys), values: chosen(values) }));
  const step = decodeStep(context, config, { memory, words, position, past: before });
  graph.output('logProbabilities', f.logSoftmax(step.logits));
  outputAll(graph, 'next.past', step.past);
  return encodeModel(graph);
}

/** `memory` (B, n, d) and `words` int64 (B, L), beginning with the start -> `logProbabilities` (B, L, V) of the word behind each position. */
export function textModel(config: CaptionerConfig, weights: Weights, batch: number, memoryLength: number): Uint8Array {
  const graph = new Graph('text');
  const tokens = graph.input('memory', 'float32', [batch, memoryLength, config.width]);
  const memory = { tokens, bias: biasInput(graph, config, batch, memoryLength) };
  const words = graph.input('words', 'int64', [batch, config.words + 1]);
  graph.output('logProbabilities', f.logSoftmax(decode(new InferenceContext(graph, weights), config, memory, words)));
  return encodeModel(graph);
}

/** Names and shapes of the inputs of a batch of pairs. */
export function pairInputs({ image, sees }: CaptionerConfig, batch: number, seen?: number): Record<string, InputSpec> {
  return {
    ...(sees === 'both' ? imageInputs(image, batch, { prefix: 'reference.', seen }) : {}),
    ...imageInputs(image, batch, { prefix: 'target.', seen }),
  };
}

/** Shapes of the keys and values that a decoding keeps, by their names. */
export function pastShapes(config: CaptionerConfig, rows: number): Record<string, number[]> {
  return shapesOf('past', config, rows, config.words + 1);
}

function shapesOf(name: string, config: CaptionerConfig, rows: number, length: number): Record<string, number[]> {
  const { heads, width, decoderLayers } = config;
  const names = Array.from({ length: decoderLayers }, (_, i) => [`${name}.${i}.keys`, `${name}.${i}.values`]).flat();
  return Object.fromEntries(names.map((each) => [each, [rows, heads, length, width / heads]]));
}

export function declare(graph: Graph, specs: Readonly<Record<string, InputSpec>>): Inputs {
  return Object.fromEntries(Object.entries(specs).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]));
}

function biasInput(graph: Graph, config: CaptionerConfig, batch: number, length: number): Value | undefined {
  return weighsTokens(config) ? graph.input('memory.bias', 'float32', [batch, 1, 1, length]) : undefined;
}

function inputAll(graph: Graph, name: string, config: CaptionerConfig, rows: number, length: number): KeysAndValues[] {
  const shapes = shapesOf(name, config, rows, length);
  const input = (key: string): Value => graph.input(key, 'float32', shapes[key] as number[]);
  return Array.from({ length: config.decoderLayers }, (_, i) => ({
    keys: input(`${name}.${i}.keys`),
    values: input(`${name}.${i}.values`),
  }));
}

function outputAll(graph: Graph, name: string, all: readonly KeysAndValues[]): void {
  all.forEach(({ keys, values }, i) => {
    graph.output(`${name}.${i}.keys`, keys);
    graph.output(`${name}.${i}.values`, values);
  });
}
