/**
 * Activation re-computation (Chen et al., arXiv 1604.06174): the backward pass of a part of the graph computes that part's values
 * again instead of keeping them from the forward pass. Memory then holds the values at the cuts and the inside of one part.
 *
 * ONNX Runtime merges equal nodes and orders all nodes as it likes. What holds it to the plan are zeros made of gradients: the
 * copy of a part reads its inputs plus a zero made of the gradient that arrives, so that it can neither be merged with the original nor
 * run before its turn; and the gradient that leaves a part carries a zero made of the part's weight gradients, so that these are
 * done, and what they read is free, before the next part begins.
 */
import { sizeOf } from '../tensor/tensor.js';
import { add, mul, reshape, slice } from './functions.js';
import type { GraphNode, Value } from './graph.js';

/** A stretch of the forward pass. */
export interface GraphSegment {
  /** Its nodes, last first. */
  readonly nodes: readonly GraphNode[];
  /** The value that it ends with; the last part has none and keeps its values. */
  readonly cut?: Value;
  /** Values that are not computed again: the cuts, and what is read in another part than its own. */
  readonly kept: ReadonlySet<Value>;
}

/** Cuts a forward pass into parts, last first. A part has the nodes that its cut needs and no earlier cut does. */
export function partsOf(nodes: readonly GraphNode[], cuts: readonly Value[]): GraphSegment[] {
  const known = new Set(nodes);
  const partOf = new Map<GraphNode, number>();
  cuts.forEach((cut, part) => {
    const waiting = [cut];
    for (let value = waiting.pop(); value; value = waiting.pop()) {
      const node = value.producer;
      if (!node || !known.has(node) || partOf.has(node)) continue;
      partOf.set(node, part);
      for (const input of node.inputs) if (input) waiting.push(input);
    }
  });
  const kept = new Set(cuts);
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input?.producer && partOf.get(input.producer) !== partOf.get(node)) kept.add(input);
    }
  }
  const backwards = [...nodes].reverse();
  const parts = cuts.map(
    (cut, part): GraphSegment => ({ nodes: backwards.filter((node) => partOf.get(node) === part), cut, kept }),
  );
  return [{ nodes: backwards.filter((node) => !partOf.has(node)), kept }, ...parts.reverse()];
}

/**
 * Gives a part's values as the backward pass is to read them: those inside it computed again, all others as they are.
 *
 * @param arriving the gradient by the part's cut; without one nothing is computed again
 * @param trained values that need no zero: what is made of them alone is not worth computing again
 */
export function copiesOf(part: GraphSegment, arriving: Value | undefined, trained: ReadonlySet<Value>): (value: Value) => Value {
  if (!part.cut || !arriving) return (value) => value;
  const own = new Set(part.nodes);
  const zero = zeroOf([arriving]);
  const copies = new Map<Value, Value>();
  const isInside = (value: Value) => value.producer !== undefined && own.has(value.producer) && !part.kept.has(value);
  const entering = (value: Value) => {
    if (value.constant || value.dtype !== 'float32' || trained.has(value)) return value;
    const held = copies.get(value) ?? add(value, zero);
    copies.set(value, held);
    return held;
  };
  const again = (value: Value): Value => {
    const known = copies.get(value);
    if (known) return known;
    const { type, inputs, outputs, attributes } = value.producer as GraphNode;
    const read = inputs.map((input) => input && (isInside(input) ? again(input) : entering(input)));
    const made = arriving.graph.addTyped(type, read, attributes, outputs);
    for (const [i, output] of outputs.entries()) copies.set(output, made[i] as Value);
    return copies.get(value) as Value;
  };
  return (value) => (isInside(value) ? again(value) : value);
}

/** Lets the gradients that leave a part wait for the part's gradients by what is trained. */
export function holdBack(part: GraphSegment, sums: Map<Value, Value>, trained: ReadonlySet<Value>): void {
  if (!part.cut) return;
  const read = new Set(part.nodes.flatMap((node) => node.inputs.filter((input): input is Value => input !== undefined)));
  const own = new Set(part.nodes);
  const found = [...read].flatMap((value) => {
    const gradient = sums.get(value);
    return gradient ? [{ value, gradient }] : [];
  });
  const finished = found.filter(({ value }) => trained.has(value));
  if (finished.length === 0) return;
  const zero = zeroOf(finished.map(({ gradient }) => gradient));
  for (const { value, gradient } of found) {
    if (value.producer && !own.has(value.producer)) sums.set(value, add(gradient, zero));
  }
}

/** A scalar zero that cannot be known before some values are. */
function zeroOf(values: readonly Value[]): Value {
  const first = (value: Value) => reshape(slice(reshape(value, [sizeOf(value.shape)]), 0, 0, 1), []);
  const [head, ...rest] = values.map(first) as [Value, ...Value[]];
  return mul(
    rest.reduce((sum, value) => add(sum, value), head),
    0,
  );
}
