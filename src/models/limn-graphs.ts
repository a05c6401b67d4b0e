/** LIMN's three graphs, all traced from models/limn.ts: training, query encoder, gallery encoder. */
import type { Random } from '../core/random.js';
import { encodeModel, Graph } from '../graph/index.js';
import { InferenceContext } from '../nn/context.js';
import type { OptimizerOptions } from '../nn/optimizer.js';
import { type TrainingModel, trainingModel } from '../nn/training.js';
import type { Tensor } from '../tensor/tensor.js';
import type { LimnConfig } from './config.js';
import { type Embedding, embedQuery, embedTarget, limnLoss } from './limn.js';
import { declarePicture, pictureInputs, withoutPrefix } from './picture.js';

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
 * The training model. Batch inputs: `reference.*` and `target.*` pictures (see models/picture.ts), `words` int64 (B, M), and
 * `sameTarget` float32 (B, B).
 */
export function limnTrainingModel(config: LimnConfig, options: LimnTrainingOptions): TrainingModel {
  const { batchSize: batch, optimizer, random, buffers, stepsPerRun = 1, tokensSeen } = options;
  return trainingModel({
    inputs: {
      ...(config.query === 'text' ? {} : pictureInputs(config.picture, batch, 'reference.', tokensSeen)),
      ...pictureInputs(config.picture, batch, 'target.', tokensSeen),
      ...(config.query === 'picture' ? {} : { words: { dtype: 'int64', shape: [batch, config.words] } as const }),
      sameTarget: { dtype: 'float32', shape: [batch, batch] },
    },
    trace: (context, values) => {
      const query = embedQuery(context, config, withoutPrefix(values, 'reference.'), { words: values.words! });
      const target = embedTarget(context, config, withoutPrefix(values, 'target.'));
      return limnLoss(context, config, query, target, values.sameTarget!);
    },
    optimizer,
    random,
    buffers,
    stepsPerRun,
  });
}

/** pictures and `words` int64 (B, M) -> `matching` (B, d), `factors` (B, K, p). */
export function queryModel(config: LimnConfig, weights: Readonly<Record<string, Tensor>>, batch: number): Uint8Array {
  const graph = new Graph('query');
  const picture = config.query === 'text' ? {} : declarePicture(graph, config.picture, batch);
  const words = config.query === 'picture' ? undefined : graph.input('words', 'int64', [batch, config.words]);
  return withOutputs(graph, embedQuery(new InferenceContext(graph, weights), config, picture, { words: words! }));
}

/** pictures -> `matching` (B, d), `factors` (B, K, p). */
export function galleryModel(config: LimnConfig, weights: Readonly<Record<string, Tensor>>, batch: number): Uint8Array {
  const graph = new Graph('gallery');
  const picture = declarePicture(graph, config.picture, batch);
  return withOutputs(graph, embedTarget(new InferenceContext(graph, weights), config, picture));
}

function withOutputs(graph: Graph, { matching, factors }: Embedding): Uint8Array {
  graph.output('matching', matching);
  graph.output('factors', factors);
  return encodeModel(graph);
}
