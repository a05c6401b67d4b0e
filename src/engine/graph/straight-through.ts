/**
 * Choices that are trained as if they were not made: `hard - soft + soft`, as GroupViT assigns patches to groups and quantisers take the
 * nearest code. A file has lost that `soft` is no variable in the difference, but the sum would mean nothing else: its derivative would be 0.
 */
import type { GraphNode, Value } from './graph.js';

/** The differences in such sums, whose second term takes no gradient. */
export function straightThrough(nodes: readonly GraphNode[]): Set<GraphNode> {
  const readers = new Map<Value, number>();
  for (const { inputs } of nodes) for (const input of inputs) if (input) readers.set(input, (readers.get(input) ?? 0) + 1);
  const found = new Set<GraphNode>();
  for (const { type, inputs } of nodes) {
    if (type !== 'Add') continue;
    const [first, second] = inputs;
    for (const [difference, soft] of [
      [first, second],
      [second, first],
    ]) {
      const made = difference?.producer;
      const isRead = difference !== undefined && readers.get(difference) === 1;
      if (made?.type === 'Sub' && isRead && soft !== undefined && made.inputs[1] === soft && !soft.constant) found.add(made);
    }
  }
  return found;
}
