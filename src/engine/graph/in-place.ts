/** Which outputs of a graph may be written over one of its inputs. */
import type { GraphBuilder, GraphNode, Value } from './value.js';

/** Operators that read each element of their inputs no later than they write the element in its place. */
const elementByElement = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** An input, and the output that takes its place in the next run. */
export interface StateUpdate {
  readonly before: Value;
  readonly after: Value;
}

/**
 * Of each succession, whether `after` may lie in the memory of `before`: whatever reads `before` is needed for `after` and has
 * therefore run when it is written, in any order that a runtime may choose, and the node that writes it goes element by element.
 *
 * Graphs with bodies (Loop, If) are not looked into: nothing there takes a place.
 */
export function inPlace(graph: GraphBuilder, stateUpdates: readonly StateUpdate[]): boolean[] {
  const isFlat = graph.nodes.every(({ type }) => type !== 'Loop' && type !== 'If');
  const readers = new Map<Value, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!input || input.producer) continue;
      const known = readers.get(input);
      if (known) known.push(node);
      else readers.set(input, [node]);
    }
  }
  return stateUpdates.map(({ before, after }) => {
    const { producer } = after;
    if (!isFlat || !producer || !elementByElement.has(producer.type) || before.shape.join() !== after.shape.join()) return false;
    return needsAll(producer, readers.get(before) ?? []);
  });
}

/** Whether a node is, or depends on, every one of others. */
function needsAll(node: GraphNode, others: readonly GraphNode[]): boolean {
  const missing = new Set(others);
  const seen = new Set([node]);
  const waiting = [node];
  for (let at = waiting.pop(); at && missing.size > 0; at = waiting.pop()) {
    missing.delete(at);
    for (const input of at.inputs) {
      const source = input?.producer;
      if (!source || seen.has(source)) continue;
      seen.add(source);
      waiting.push(source);
    }
  }
  return missing.size === 0;
}
