/** A model's three graphs, all traced from its method's one file: training, query encoder, gallery encoder. */
import type { Random } from '../core/random.js';
import { encodeModel, Graph } from '../graph/index.js';
import { type Context, InferenceContext } from '../nn/context.js';
import type { OptimizerOptions } from '../nn/optimizer.js';
import { type InputSpec, type TrainingModel, trainingModel } from '../nn/training.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LimnConfig } from './config.js';
import { encodePicture, type Inputs, pictureInputs, withoutPrefix } from './encoder/picture.js';
import { encodeText, textInputs } from './encoder/text.js';
import type { Embedding } from './method.js';
import { methodOf } from './methods.js';

export interface LimnTrainingOptions {
  batchSize: number;
  optimizer: OptimizerOptions;
  random: Random;
  buffers: Readonly<Record<string, Tensor>>;
  stepsPerRun?: number;
  /** Local tokens that are seen of each picture; inputs `*.places` say which. @default all */
  tokensSeen?: number | undefined;
}

/**
 * The training model. Batch inputs: `reference.*` and `target.*` pictures (see models/encoder/picture.ts), those of the text, and
 * `sameTarget` float32 (B, B).
 */
export function limnTrainingModel(config: LimnConfig, options: LimnTrainingOptions): TrainingModel {
  const { batchSize: batch, optimizer, random, buffers, stepsPerRun = 1, tokensSeen: seen } = options;
  return trainingModel({
    inputs: {
      ...queryInputs(config, batch, 'reference.', seen),
      ...targetInputs(config, batch, 'target.', seen),
      sameTarget: { dtype: 'float32', shape: [batch, batch] },
    },
    trace: (context, values) => {
      const query = embedQuery(context, config, { ...values, ...withoutPrefix(values, 'reference.') });
      const target = embedTarget(context, config, withoutPrefix(values, 'target.'));
      return methodOf(config).loss(context, config, query, target, values.sameTarget!);
    },
    optimizer,
    random,
    buffers,
    stepsPerRun,
  });
}

/** Picture and text inputs -> `matching` (B, d) and, for a method with factors, `factors` (B, K, p). */
export function queryModel(config: LimnConfig, weights: Readonly<Record<string, Tensor>>, batch: number): Uint8Array {
  return inferenceModel('query', queryInputs(config, batch), weights, (context, inputs) => embedQuery(context, config, inputs));
}

/** Picture inputs -> `matching` (B, d) and, for a method with factors, `factors` (B, K, p). */
export function galleryModel(config: LimnConfig, weights: Readonly<Record<string, Tensor>>, batch: number): Uint8Array {
  return inferenceModel('gallery', targetInputs(config, batch), weights, (context, inputs) =>
    embedTarget(context, config, inputs),
  );
}

/** What a batch of queries feeds. @param prefix put before the names of the picture's inputs */
function queryInputs(config: LimnConfig, batch: number, prefix = '', seen?: number): Record<string, InputSpec> {
  const sees = methodOf(config).sees(config);
  return {
    ...(sees.picture ? targetInputs(config, batch, prefix, seen) : {}),
    ...(sees.text ? textInputs(config, batch) : {}),
  };
}

function targetInputs(config: LimnConfig, batch: number, prefix = '', seen?: number): Record<string, InputSpec> {
  return pictureInputs(config.picture, batch, { prefix, local: methodOf(config).local(config), seen });
}

/** Encodes what the method sees of a query, and composes it. */
export function embedQuery(context: Context, config: LimnConfig, inputs: Inputs): Embedding {
  const method = methodOf(config);
  const sees = method.sees(config);
  const picture = sees.picture ? encodePicture(context, config, inputs) : undefined;
  return method.embedQuery(context, config, picture, sees.text ? encodeText(context, config, inputs) : undefined);
}

/** Encodes a target picture. */
export function embedTarget(context: Context, config: LimnConfig, inputs: Inputs): Embedding {
  return methodOf(config).embedTarget(context, config, encodePicture(context, config, inputs));
}

function inferenceModel(
  name: string,
  specs: Readonly<Record<string, InputSpec>>,
  weights: Readonly<Record<string, Tensor>>,
  embed: (context: Context, inputs: Inputs) => Embedding,
): Uint8Array {
  const graph = new Graph(name);
  const inputs = Object.fromEntries(
    Object.entries(specs).map(([input, { dtype, shape }]) => [input, graph.input(input, dtype, shape)]),
  );
  const { matching, factors } = embed(new InferenceContext(graph, weights), inputs);
  graph.output('matching', matching);
  if (factors) graph.output('factors', factors);
  return encodeModel(graph);
}
