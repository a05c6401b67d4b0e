/**
 * Brings back what an exporter's constant folding merged into one tensor, where training needs the parts: the learned bias of
 * positions in a sum with a mask, and a learned exponent that is used inverted too.
 */
import { type Tensor, tensor } from '../../tensor/tensor.js';
import type { ExportNotes } from './export-notes.js';
import type { FileGraph, FileNode } from './file-graph.js';
import { isMadeUp } from './made-up.js';

/** A folded tensor as a node that computes it, and the tensors that the node needs. */
interface Unfolded {
  name: string;
  node: FileNode;
  parts: Record<string, Tensor>;
}

export interface UnfoldedGraph {
  graph: FileGraph;
  notes: ExportNotes;
  initializers: ReadonlySet<string>;
}

export function unfold(graph: FileGraph, initializers: ReadonlySet<string>, notes: ExportNotes): UnfoldedGraph {
  const found = [...maskedBiases(graph, initializers, notes), ...invertedExponents(graph, notes)];
  if (found.length === 0) return { graph, notes, initializers };
  const tensors = new Map(graph.tensors);
  const names = new Set(initializers);
  const wholes = new Map<string, string>();
  for (const { name, parts } of found) {
    tensors.delete(name);
    names.delete(name);
    for (const [part, content] of Object.entries(parts)) {
      tensors.set(part, content);
      names.add(part);
      wholes.set(part, name);
    }
  }
  const waiting = new Map(found.map(({ name, node }) => [name, node]));
  const nodes = graph.nodes.flatMap((node) => {
    const needed = [...new Set(node.inputs)].flatMap((name) => waiting.get(name) ?? []);
    for (const { outputs } of needed) waiting.delete(outputs[0] as string);
    return [...needed, node];
  });
  const isMask = (name: string) => wholes.has(name) && name.endsWith(maskEnding);
  return {
    graph: { ...graph, nodes: [...nodes, ...waiting.values()], tensors },
    initializers: names,
    notes: {
      kindOf: (name) => (isMask(name) ? 'buffer' : notes.kindOf(wholes.get(name) ?? name)),
      originOf: (name) => (isMask(name) ? undefined : notes.originOf(wholes.get(name) ?? name)),
    },
  };
}

const [biasEnding, maskEnding] = ['_bias', '_mask'];
/** Swin masks with -100; a learned bias stays far from that. */
const least = -50;

function maskedBiases({ tensors }: FileGraph, initializers: ReadonlySet<string>, notes: ExportNotes): Unfolded[] {
  return [...initializers].flatMap((name) => {
    const content = tensors.get(name);
    const data = content?.data as Float32Array;
    if (content?.dtype !== 'float32' || !isMadeUp(name) || notes.kindOf(name) === 'buffer') return [];
    if (!data.some((x) => x <= least) || new Set(data.filter((x) => x > least)).size < 3) return [];
    const part = (keep: (x: number) => boolean) =>
      tensor(
        'float32',
        content.shape,
        data.map((x) => (keep(x) ? x : 0)),
      );
    const [bias, mask] = [name + biasEnding, name + maskEnding];
    const node = { type: 'Add', name: `Add to ${name}`, inputs: [bias, mask], outputs: [name], attributes: {}, bodies: {} };
    return [{ name, node, parts: { [bias]: part((x) => x > least), [mask]: part((x) => !(x > least)) } }];
  });
}

function invertedExponents({ nodes, tensors }: FileGraph, notes: ExportNotes): Unfolded[] {
  const exponents = [...new Set(nodes.flatMap(({ type, inputs }) => (type === 'Pow' ? [inputs[1] as string] : [])))].flatMap(
    (name) => {
      const content = tensors.get(name);
      return content?.dtype === 'float32' ? [{ name, data: content.data as Float32Array }] : [];
    },
  );
  // What was folded from a parameter is no parameter itself.
  const isLearned = (name: string) =>
    notes.originOf(name) === undefined && (notes.kindOf(name) === 'parameter' || !isMadeUp(name));
  return exponents.flatMap(({ name, data }) => {
    const source = exponents.find(
      (other) =>
        isLearned(other.name) &&
        !isLearned(name) &&
        other.data.length === data.length &&
        data.every((x, i) => Math.abs(x * (other.data[i] as number) - 1) < 1e-6),
    );
    if (!source) return [];
    const node = {
      type: 'Reciprocal',
      name: `1 / ${source.name}`,
      inputs: [source.name],
      outputs: [name],
      attributes: {},
      bodies: {},
    };
    return [{ name, node, parts: {} }];
  });
}
