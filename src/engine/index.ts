/**
 * limn/engine: graphs that are written in TypeScript, differentiated, and run by ONNX Runtime, for models and losses of one's own.
 *
 * @example
 * import { f, init, linear, Random, Session, trainingModel } from 'limn/engine';
 *
 * const training = trainingModel({
 *   inputs: { x: { dtype: 'float32', shape: [8, 2] }, y: { dtype: 'float32', shape: [8, 1] } },
 *   trace: (context, { x, y }) => {
 *     const error = f.sub(linear(context, 'out', x, 1), y);
 *     return { loss: f.reduceMean(f.mul(error, error), [0, 1]) };
 *   },
 *   optimizer: { learningRate: 0.01, totalSteps: 100 },
 *   random: new Random(1),
 * });
 * const { model, initialState, carry, inPlace, update } = training;
 * // With `optimizerIn: 'runtime'` among the options above, `update` is the optimizer's plan, which makes a step on the CPU shorter.
 * const session = await Session.open(model, { carry, inPlace, update });
 * await session.setResident(initialState);
 * const { loss } = await session.run({ x, y });
 */
export { LimnError, type LimnErrorCode } from '../core/errors.js';
export { Random } from '../core/random.js';
/** Operators: each checks the shapes that it is given, and most have a gradient rule. */
export * as f from './graph/functions.js';
export { encodeModel, Graph, type GraphBuilder, type GraphNode, gradients, type Value } from './graph/index.js';
export {
  Context,
  type DropoutMask,
  InferenceContext,
  type Init,
  init,
  type ParameterOptions,
  type ParameterSpec,
  TrainingContext,
  type TrainingContextOptions,
} from './nn/context.js';
export {
  type Activation,
  type AttentionOptions,
  attention,
  type EmbeddingOptions,
  embedding,
  type LinearOptions,
  layerNorm,
  linear,
  type MlpOptions,
  maskBias,
  mlp,
  type TransformerLayerOptions,
  transformerLayer,
} from './nn/layers.js';
// The names of the release before, for one more release (docs/glossary.md).
export {
  type CrossEntropyOptions,
  crossEntropy,
  factorOrthogonality,
  factorOrthogonality as disentangling,
  symmetricKl,
} from './nn/losses.js';
export { adamW, type OptimizerOptions, type OptimizerStep } from './nn/optimizer.js';
export {
  drawMasks,
  type InputSpec,
  type TrainedLoss,
  type TrainingModel,
  type TrainingModelOptions,
  trainingModel,
} from './nn/training.js';
export type { Device } from './runtime/device.js';
export { type RunOptions, Session, type SessionOptions } from './runtime/session.js';
export { decodeSafetensors, encodeSafetensors } from './tensor/safetensors.js';
export {
  type ByteTensor,
  type DType,
  float32,
  int64,
  type Shape,
  scalar,
  sizeOf,
  type Tensor,
  type TypedArrays,
  tensor,
  zeros,
} from './tensor/tensor.js';
