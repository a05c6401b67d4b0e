/** The graph room: build an ONNX graph, differentiate it, encode it. Importing this also makes all operators known. */
import './ops/elementwise.js';
import './ops/matrix.js';
import './ops/reduce.js';
import './ops/layout.js';
import './ops/conv.js';

export { encodeModel, opset } from './encode.js';
export * from './functions.js';
export { gradients } from './gradients.js';
export { type Attributes, Float, Graph, type GraphBuilder, type GraphNode, type Value } from './graph.js';
export { blocksOf, type ModelBlock } from './import/blocks.js';
export { type FileInput, ImportedModel, type SpliceOptions } from './import/model.js';
export type { ParameterChoice } from './import/parameters.js';
export { type ReadModelOptions, readModel } from './import/read.js';
export { inPlace } from './in-place.js';
export { packWeights, type WeightType, weightTypes } from './pack-weights.js';
export type { Products } from './passes/half-products.js';
export { optimized } from './passes/index.js';
export { countNodes } from './passes/needed.js';
export { knownOperators } from './registry.js';
