/** What the outputs of a graph need. */
import { Graph, type GraphBuilder, type GraphNode, type Value } from '../graph.js';

/** The bodies of a node that has some (Loop, If). */
export function bodiesOf({ attributes }: GraphNode): Graph[] {
  return Object.values(attributes).filter((attribute): attribute is Graph => attribute instanceof Graph);
}

/** The nodes that the outputs need, in order, and all values that these (and the bodies inside them) read. */
export function neededNodes(graph: GraphBuilder): { nodes: GraphNode[]; values: Set<Value> } {
  const values = new Set<Value>(graph.outputs.map(({ value }) => value));
  const nodes: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => values.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input) values.add(input);
    for (const body of bodiesOf(node)) for (const value of neededNodes(body).values) values.add(value);
  }
  return { nodes: nodes.reverse(), values };
}

/** The nodes that the outputs need, those of bodies included. */
export function countNodes(graph: GraphBuilder): number {
  const { nodes } = neededNodes(graph);
  return nodes.flatMap(bodiesOf).reduce((count, body) => count + countNodes(body), nodes.length);
}

/** How often each value is read, as an output too; in bodies as well. */
export function readersOf(graph: GraphBuilder, counts = new Map<Value, number>()): Map<Value, number> {
  const count = (value: Value | undefined) => value && counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const { value } of graph.outputs) count(value);
  for (const node of neededNodes(graph).nodes) {
    for (const input of node.inputs) count(input);
    for (const body of bodiesOf(node)) readersOf(body, counts);
  }
  return counts;
}
