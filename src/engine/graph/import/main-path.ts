/** The computed values of a graph in order, and where the path through them is a single value wide. */
import type { FileNode } from './file-graph.js';
import type { ImportedModel } from './model.js';

export interface MainPath {
  /** Those that depend on an input of the file and on a weight or lead there, in order. */
  nodes: readonly FileNode[];
  /** The weights that each node reads, be it through nodes that no input reaches. */
  weights: readonly string[][];
  /** Values that depend on an input and on a weight. */
  computed: ReadonlySet<string>;
  /** Shapes of constants and weights. */
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Stretches of nodes from one value that all later ones go through to the next. */
  links: readonly { from: number; to: number }[];
}

/** A path for each tower: each smallest set of inputs that an output needs. */
export function mainPaths(model: ImportedModel): MainPath[] {
  const { file } = model;
  const reached = inputsReaching(model);
  const sets = file.outputs.map((output) => reached.get(output) ?? new Set<string>()).filter(({ size }) => size > 0);
  const isWithin = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].every((name) => b.has(name));
  const smallest = sets.filter(
    (set, i) => !sets.some((other, j) => i !== j && isWithin(other, set) && (other.size < set.size || j < i)),
  );
  return smallest.map((set) => pathOf(model, (name) => reached.has(name) && isWithin(reached.get(name) as Set<string>, set)));
}

/** The inputs that each value depends on, but for values that shapes alone decide. */
function inputsReaching({ file, inputs }: ImportedModel): Map<string, Set<string>> {
  const reached = new Map(inputs.map(({ name }) => [name, new Set([name])]));
  for (const { type, inputs: read, outputs } of file.nodes) {
    if (type === 'Shape' || type === 'Size') continue;
    const all = new Set(read.flatMap((name) => [...(reached.get(name) ?? [])]));
    if (all.size > 0) for (const output of outputs) reached.set(output, all);
  }
  return reached;
}

function pathOf(model: ImportedModel, isReached: (name: string) => boolean): MainPath {
  const computed = new Set<string>();
  const nodes: FileNode[] = [];
  const weights: string[][] = [];
  const carried = new Map<string, string[]>([...model.weights.keys()].map((name) => [name, [name]]));
  for (const node of model.file.nodes) {
    const own = node.inputs.flatMap((name) => carried.get(name) ?? []);
    if (!node.outputs.some(isReached)) {
      for (const output of node.outputs) if (own.length > 0 && !carried.has(output)) carried.set(output, own);
      continue;
    }
    if (own.length === 0 && !node.inputs.some((name) => computed.has(name))) continue;
    for (const output of node.outputs) computed.add(output);
    nodes.push(node);
    weights.push(own);
  }
  const shapes = new Map([...model.file.tensors].map(([name, { shape }]) => [name, shape]));
  const path = { nodes, weights, computed, shapes, links: [] };
  return { ...path, links: linksOf(path) };
}

/** Cuts a path after each node whose output is the only value that later nodes read of all before. */
export function linksOf({ nodes, computed }: Pick<MainPath, 'nodes' | 'computed'>): { from: number; to: number }[] {
  const last = new Map<string, number>();
  nodes.forEach(({ inputs }, position) => {
    for (const name of inputs) if (computed.has(name)) last.set(name, position);
  });
  const links: { from: number; to: number }[] = [];
  const crossing = new Set<string>();
  let from = 0;
  nodes.forEach(({ outputs }, position) => {
    for (const name of crossing) if ((last.get(name) as number) <= position) crossing.delete(name);
    for (const name of outputs) if ((last.get(name) ?? -1) > position) crossing.add(name);
    if (crossing.size === 1 && outputs.includes([...crossing][0] as string)) {
      links.push({ from, to: position });
      from = position + 1;
    }
  });
  if (from < nodes.length) links.push({ from, to: nodes.length - 1 });
  return links;
}
