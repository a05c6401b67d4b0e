/** The order of nodes in a file, as far as it decides when ONNX Runtime computes what nobody in the graph reads. */
import type { GraphBuilder, GraphNode, Value } from '../graph.js';
import { bodiesOf, neededNodes } from './needed.js';

/**
 * Nodes with those that no other node reads behind the others, the last of them first.
 *
 * ONNX Runtime takes such nodes from the file's last one back, and computes before each what it needs and is not there yet. Gradients of weights are such
 * nodes. In the order of a backward pass the first layer's gradient would come first: the way to it goes through all layers, and what the other gradients
 * are made of waits until then. From the last layer back, each is computed as soon as it can be, and frees what it has read. The values are the same.
 */
export function leavesFromLast(nodes: readonly GraphNode[]): GraphNode[] {
  const read = new Set<Value>();
  for (const node of nodes) {
    for (const input of node.inputs) if (input) read.add(input);
    for (const body of bodiesOf(node)) for (const value of valuesReadIn(body)) read.add(value);
  }
  const isLeaf = ({ outputs }: GraphNode) => !outputs.some((output) => read.has(output));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

const valuesReadIn = (body: GraphBuilder): ReadonlySet<Value> => neededNodes(body).values;
