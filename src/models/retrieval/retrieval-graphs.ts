/** A model's three graphs, all traced from its method's one file: training, query encoder, gallery encoder. */
import type { Random } from '../../core/random.js';
import * as f from '../../engine/graph/functions.js';
import { encodeModel, Graph, type Value } from '../../engine/graph/index.js';
import { type Context, InferenceContext } from '../../engine/nn/context.js';
import type { OptimizerOptions } from '../../engine/nn/optimizer.js';
import { type InputSpec, type TrainingModel, type TrainingModelOptions, trainingModel } from '../../engine/nn/training.js';
import type { Tensor } from '../../engine/tensor/tensor.js';
import { type EncodedInput, joinEncoded } from '../backbone/encoded.js';
import { encodeImage, encodeImages, type Inputs, imageInputs, withoutPrefix } from '../backbone/image.js';
import { type ResidentFeatures, withResident } from '../backbone/resident-features.js';
import { encodeText, textInputs } from '../backbone/text.js';
import type { TrainableEncoders } from '../backbone/trainable.js';
import type { ModelConfig } from '../methods/define-method.js';
import type { Embedding } from '../methods/method.js';
import { methodOf } from '../methods/methods.js';

export interface LimnTrainingOptions {
  batchSize: number;
  optimizer: OptimizerOptions;
  random: Random;
  buffers: Readonly<Record<string, Tensor>>;
  stepsPerRun?: number;
  /** Local tokens that are seen of each picture; inputs `*.places` say which. @default all */
  tokenSubsample?: number | undefined;
  /** Encoders that are trained with the rest. @default none */
  encoders?: TrainableEncoders;
  /** Tables that the images' features are gathered from, in place of being fed. @default none */
  resident?: ResidentFeatures | undefined;
  /** Whether rows count differently. @default false */
  weighted?: boolean;
  /** Batches whose gradients make one optimizer step; see engine/nn/training.ts. @default 1 */
  accumulate?: number;
  /** Compute the activations of trained encoders again in the backward pass, block by block, in place of keeping them. @default false */
  gradientCheckpointing?: boolean;
  /** Who takes the optimizer's steps; see engine/nn/training.ts. @default 'graph' */
  optimizerIn?: TrainingModelOptions['optimizerIn'];
  /** What matrix products are computed in; see engine/nn/training.ts. @default 'float32' */
  products?: TrainingModelOptions['products'] | undefined;
}

/**
 * The training model. Batch inputs: `reference.*` and `target.*` pictures (see models/encoder/image.ts), those of the text, and
 * `sameTarget` float32 (B, B), see {@link BatchRows}; with reference negatives also `referenceAnswers` float32 (B, B), 1 where the reference
 * of the second row is what the first row wants; with `weighted` also `rowWeights` float32 (B).
 */
export function limnTrainingModel(config: ModelConfig, options: LimnTrainingOptions): TrainingModel {
  const {
    batchSize: batch,
    optimizer,
    random,
    buffers,
    stepsPerRun = 1,
    tokenSubsample: seen,
    gradientCheckpointing = false,
  } = options;
  return trainingModel({
    inputs: {
      ...withResident(tripletInputs(config, batch, seen), options.resident),
      ...(options.weighted ? { rowWeights: { dtype: 'float32', shape: [batch] } as const } : {}),
    },
    trace: (context, values) => {
      const cuts: Value[] = [];
      const encoders = { ...options.encoders, ...(gradientCheckpointing ? { onCut: (value: Value) => cuts.push(value) } : {}) };
      const { query, candidates, sameTarget } = embedTriplets(context, config, values, encoders);
      const rows = { sameTarget, weights: values.rowWeights };
      return { ...methodOf(config).loss(context, config, query, candidates, rows), gradientCheckpointing: cuts };
    },
    optimizer,
    random,
    buffers,
    stepsPerRun,
    accumulate: options.accumulate ?? 1,
    optimizerIn: options.optimizerIn ?? 'graph',
    products: options.products ?? 'float32',
  });
}

/** What a batch of triplets feeds, but for the rows' weights. */
export function tripletInputs(config: ModelConfig, batch: number, seen?: number): Record<string, InputSpec> {
  const pairs: InputSpec = { dtype: 'float32', shape: [batch, batch] };
  const withReferences = config.referenceNegatives === true;
  return {
    ...queryInputs(config, batch, 'reference.', seen),
    ...(withReferences ? targetInputs(config, batch, 'reference.', seen) : {}),
    ...targetInputs(config, batch, 'target.', seen),
    sameTarget: pairs,
    ...(withReferences ? { referenceAnswers: pairs } : {}),
  };
}

/** The embeddings of a batch of triplets: its B queries, and the candidates that they are classified among, the B targets first. */
export function embedTriplets(
  context: Context,
  config: ModelConfig,
  values: Inputs,
  encoders: TrainableEncoders = {},
): { query: Embedding; candidates: Embedding; sameTarget: Value } {
  const method = methodOf(config);
  const sees = method.sees(config);
  const encode = (...prefixes: readonly string[]) =>
    encodeImages(
      context,
      config,
      prefixes.map((prefix) => withoutPrefix(values, prefix)),
      encoders,
    );
  const sameTarget = values.sameTarget as Value;
  const labels = () => (config.referenceNegatives ? f.concat([sameTarget, values.referenceAnswers as Value], 1) : sameTarget);
  // Both images at once where that is less work; parameters are made in the same order.
  const joins = context.joins && sees.image && config.image.kind === 'features';
  const [seen, later] = joins ? encode('reference.', 'target.') : sees.image ? encode('reference.') : [];
  const text = sees.text ? encodeText(context, config, values, encoders) : undefined;
  const candidatesOf = (target: EncodedInput) =>
    // The references are encoded once, as what the queries see and as candidates; all candidates are embedded in one go.
    config.referenceNegatives ? joinEncoded(target, seen ?? (encode('reference.')[0] as EncodedInput)) : target;
  if (joins && later && method.embedBoth) {
    return { ...method.embedBoth(context, config, { image: seen, text }, candidatesOf(later)), sameTarget: labels() };
  }
  const query = method.embedQuery(context, config, seen, text);
  const target = later ?? (encode('target.')[0] as EncodedInput);
  return { query, candidates: method.embedTarget(context, config, candidatesOf(target)), sameTarget: labels() };
}

type Weights = Readonly<Record<string, Tensor>>;

/**
 * Picture and text inputs -> `matching` (B, d) and, for a method with factors, `factors` (B, K, p).
 *
 * @param encoders the files of encoders that were trained with the rest
 */
export function queryModel(config: ModelConfig, weights: Weights, batch: number, encoders: TrainableEncoders = {}): Uint8Array {
  return inferenceModel('query', queryInputs(config, batch), weights, (context, inputs) =>
    embedQuery(context, config, inputs, encoders),
  );
}

/** Picture inputs -> `matching` (B, d) and, for a method with factors, `factors` (B, K, p). See {@link queryModel}. */
export function galleryModel(config: ModelConfig, weights: Weights, batch: number, encoders: TrainableEncoders = {}): Uint8Array {
  return inferenceModel('gallery', targetInputs(config, batch), weights, (context, inputs) =>
    embedTarget(context, config, inputs, encoders),
  );
}

/** The inputs of {@link limnTrainingModel} -> `loss`, a scalar: of trained weights, without dropout, every row counting 1. */
export function lossModel(config: ModelConfig, weights: Weights, batch: number, encoders: TrainableEncoders = {}): Uint8Array {
  return tracedModel('loss', tripletInputs(config, batch), weights, (context, inputs) => {
    const { query, candidates, sameTarget } = embedTriplets(context, config, inputs, encoders);
    const { loss } = methodOf(config).loss(context, config, query, candidates, { sameTarget, weights: undefined });
    return { loss };
  });
}

/**
 * The inputs of a query, or of a target -> `attention` (B, K, N): where each factor looks in the picture; see Method.attention.
 * Only for methods that can say, and queries that see a picture's local features.
 */
export function attentionModel(
  side: 'query' | 'gallery',
  config: ModelConfig,
  weights: Weights,
  batch: number,
  encoders: TrainableEncoders = {},
): Uint8Array {
  const specs = side === 'query' ? queryInputs(config, batch) : targetInputs(config, batch);
  return tracedModel(`${side} attention`, specs, weights, (context, inputs) => {
    const text = side === 'query' && methodOf(config).sees(config).text;
    const image = encodeImage(context, config, inputs, encoders);
    const words = text ? encodeText(context, config, inputs, encoders) : undefined;
    return { attention: methodOf(config).attention!(context, config, image, words) };
  });
}

/** What a batch of queries feeds. @param prefix put before the names of the picture's inputs */
function queryInputs(config: ModelConfig, batch: number, prefix = '', seen?: number): Record<string, InputSpec> {
  const sees = methodOf(config).sees(config);
  return {
    ...(sees.image ? targetInputs(config, batch, prefix, seen) : {}),
    ...(sees.text ? textInputs(config, batch) : {}),
  };
}

function targetInputs(config: ModelConfig, batch: number, prefix = '', seen?: number): Record<string, InputSpec> {
  return imageInputs(config.image, batch, { prefix, local: methodOf(config).local(config), seen });
}

/** Encodes what the method sees of a query, and composes it. */
export function embedQuery(context: Context, config: ModelConfig, inputs: Inputs, encoders: TrainableEncoders = {}): Embedding {
  const method = methodOf(config);
  const sees = method.sees(config);
  const image = sees.image ? encodeImage(context, config, inputs, encoders) : undefined;
  return method.embedQuery(context, config, image, sees.text ? encodeText(context, config, inputs, encoders) : undefined);
}

/** Encodes a target picture. */
export function embedTarget(context: Context, config: ModelConfig, inputs: Inputs, encoders: TrainableEncoders = {}): Embedding {
  return methodOf(config).embedTarget(context, config, encodeImage(context, config, inputs, encoders));
}

function inferenceModel(
  name: string,
  specs: Readonly<Record<string, InputSpec>>,
  weights: Weights,
  embed: (context: Context, inputs: Inputs) => Embedding,
): Uint8Array {
  return tracedModel(name, specs, weights, (context, inputs) => {
    const { matching, factors } = embed(context, inputs);
    return { matching, ...(factors ? { factors } : {}) };
  });
}

function tracedModel(
  name: string,
  specs: Readonly<Record<string, InputSpec>>,
  weights: Weights,
  trace: (context: Context, inputs: Inputs) => Readonly<Record<string, Value>>,
): Uint8Array {
  const graph = new Graph(name);
  const inputs = Object.fromEntries(
    Object.entries(specs).map(([input, { dtype, shape }]) => [input, graph.input(input, dtype, shape)]),
  );
  const outputs = trace(new InferenceContext(graph, weights), inputs);
  for (const [output, value] of Object.entries(outputs)) graph.output(output, value);
  return encodeModel(graph);
}
