/** Reverse-mode differentiation of a graph: walk its nodes backwards, apply one VJP rule a node, add up what meets. */

import { LimnError, messageOf } from '../../core/errors.js';
import { presentOptions } from '../../core/former-names.js';
import { scalar } from '../tensor/tensor.js';
import { add, expand, zerosOf } from './functions.js';
import { copiesOf, holdBack, partsOf } from './gradient-checkpointing.js';
import type { GraphNode, Value } from './graph.js';
import { finite, guardedNodes } from './guards.js';
import { operatorOf, ShapeError } from './registry.js';
import { straightThrough } from './straight-through.js';

/** Options of {@link gradients}. */
export interface GradientOptions {
  /**
   * Values, in the order of computation, that cut the graph into parts. The backward pass computes each part's values again from
   * the cut before it, which saves the memory for them and costs up to one more forward pass. Nodes after the last cut keep
   * theirs. @default none: all values are kept
   */
  gradientCheckpointing?: readonly Value[];
}

/**
 * Adds the backward pass of a scalar loss to its graph.
 *
 * @param loss a float32 value of one element
 * @param by the values whose gradients are wanted (inputs of the graph, as a rule)
 * @returns one gradient a value, of the value's shape; zeros where the loss does not depend on it
 * @throws LimnError GRAPH_UNSUPPORTED naming an operator on the way that has no gradient rule
 */
export function gradients(loss: Value, by: readonly Value[], options: GradientOptions = {}): Value[] {
  const graph = loss.graph;
  if (loss.dtype !== 'float32' || loss.shape.some((extent) => extent !== 1)) {
    throw new LimnError('GRAPH_SHAPE', `The loss must be one float32 number, but ${loss.name} is ${loss.dtype}[${loss.shape}].`);
  }
  const nodes = [...graph.nodes];
  const wanted = new Set<Value>(by);
  const depends = new Set<Value>(by);
  for (const node of nodes) {
    if (node.inputs.some((input) => input && depends.has(input))) for (const output of node.outputs) depends.add(output);
  }
  const guarded = guardedNodes(nodes);
  const straight = straightThrough(nodes);
  const sums = new Map<Value, Value>([[loss, expand(graph.constant(scalar(1)), loss.shape)]]);
  for (const part of partsOf(nodes, presentOptions(options).gradientCheckpointing ?? [])) {
    const asRead = copiesOf(part, part.cut && sums.get(part.cut), wanted);
    const cleaned = new Map<Value, Value>();
    const asReadFinite = (value: Value) => {
      const known = cleaned.get(value) ?? finite(asRead(value));
      cleaned.set(value, known);
      return known;
    };
    for (const node of part.nodes) {
      if (!node.outputs.some((output) => sums.has(output) && depends.has(output))) continue;
      const isGuarded = guarded.has(node);
      const reading = isGuarded && !operatorOf(node.type).readsInfinite ? asReadFinite : asRead;
      for (const [input, gradient] of inputGradients(node, sums, depends, reading, isGuarded)) {
        if (straight.has(node) && input === node.inputs[1]) continue;
        const before = sums.get(input);
        sums.set(input, before ? add(before, gradient) : gradient);
      }
    }
    holdBack(part, sums, wanted);
  }
  return by.map((value) => sums.get(value) ?? zerosOf(loss, value.shape));
}

/** @param asRead a value as the backward pass is to read it */
function inputGradients(
  node: GraphNode,
  sums: ReadonlyMap<Value, Value>,
  depends: ReadonlySet<Value>,
  asRead: (value: Value) => Value,
  guarded: boolean,
): [Value, Value][] {
  const needs = (i: number) => {
    const input = node.inputs[i];
    return input !== undefined && depends.has(input) && input.dtype.startsWith('float');
  };
  if (!node.inputs.some((_, i) => needs(i))) return [];
  const vjp = node.vjp ?? operatorOf(node.type).vjp;
  const details = { type: node.type, shapes: node.inputs.map((input) => input?.shape) };
  if (!vjp) {
    throw new LimnError(
      'GRAPH_UNSUPPORTED',
      `The ONNX operator ${node.type} has no gradient rule, and the loss depends on trained values through it. Use operators that have one.`,
      { details },
    );
  }
  let found: (Value | undefined)[];
  const graph = sums.values().next().value?.graph;
  const outside = graph?.origin;
  if (graph) graph.origin = `gradient of ${node.origin ?? node.type}`;
  try {
    found = vjp({
      node,
      inputs: node.inputs.map((input) => input && asRead(input)),
      outputs: node.outputs.map(asRead),
      gradients: node.outputs.map((output) => sums.get(output)),
      attributes: node.attributes,
      needs,
      guarded,
    });
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new LimnError('GRAPH_UNSUPPORTED', `${node.type} has no gradient rule for this form of it: ${messageOf(error)}`, {
      details,
    });
  } finally {
    if (graph) graph.origin = outside;
  }
  return found.flatMap((gradient, i) => (gradient && needs(i) ? [[node.inputs[i] as Value, gradient] as [Value, Value]] : []));
}
