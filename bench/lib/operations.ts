/**
 * Floating-point operations of ONNX graphs, counted from their shapes: a multiplication and its addition are two. Only matrix products and
 * convolutions count, as is usual for "model FLOPs"; padded words and tokens count like others.
 */

import { Graph, type GraphNode, sizeOf } from 'limn/engine';
import { readModel } from '#limn/engine/graph/index.js';

const product = ({ inputs: [left], outputs: [out], attributes: { transA } }: GraphNode) =>
  2 * sizeOf(out!.shape) * left!.shape.at(transA ? -2 : -1)!;
/** A weight is (out, in of its group, height, width). */
const convolution = ({ inputs: [, weight], outputs: [out] }: GraphNode) =>
  2 * sizeOf(out!.shape) * sizeOf(weight!.shape.slice(1));

const counted: Readonly<Record<string, (node: GraphNode) => number>> = {
  MatMul: product,
  FusedMatMul: product,
  Gemm: product,
  Conv: convolution,
};

/** @param nodes of a graph of limn's */
function operationsOfNodes(nodes: readonly GraphNode[]): number {
  return nodes.reduce((sum, node) => sum + (counted[node.type]?.(node) ?? 0), 0);
}

export interface CountOptions {
  /** Those that are wanted. @default all */
  outputs?: readonly string[];
  /** In place of every extent that the file leaves open. @default 1 */
  batch?: number;
}

/**
 * What one run of a file computes on the way to its outputs.
 *
 * @param bytes of an ONNX file
 * @throws LimnError GRAPH_UNSUPPORTED for an operator that limn cannot import, so that nothing is left out unseen
 */
export function operationsOf(bytes: Uint8Array, { outputs, batch = 1 }: CountOptions = {}): number {
  const file = readModel(bytes);
  const graph = new Graph('counted');
  const inputs = Object.fromEntries(
    file.inputs.map(({ name, dtype, dims }) => {
      const shape = (dims ?? []).map((extent) => (typeof extent === 'number' ? extent : batch));
      return [name, graph.input(`given.${name}`, dtype, shape)];
    }),
  );
  file.splice({ graph, inputs, outputs: outputs ?? file.outputs });
  return operationsOfNodes(graph.nodes);
}

/**
 * Model FLOPs of a training step: three times those of the way to the loss, one for it and two for its gradients by activations and by
 * weights. What a backward pass saves (features need no gradient) or computes again is not looked at.
 *
 * @param model the ONNX file of a training graph, one step a run
 */
export const trainingOperations = (model: Uint8Array): number => 3 * operationsOf(model, { outputs: ['loss'] });
