/**
 * Blocks by the structure of a graph, for files whose names say nothing.
 *
 * Along the main path of a network there are values that everything later goes through. What lies between two of them is a link of
 * a chain: a single operator, or a part with a connection around it. A block is such a part that ends in a sum or a concatenation;
 * a transformer layer is two of them, attention and what follows it. Inverted residuals that change the size have no connection
 * around them and are found by their depthwise convolution; the layers of a dense block by its concatenations.
 */
import type { FileNode } from './file-graph.js';
import { type MainPath, mainPaths } from './main-path.js';
import type { ImportedModel } from './model.js';

/** Nodes `from` to `to` of a main path, both included. */
interface Unit {
  from: number;
  to: number;
}

/** The block of each weight; blocks are called `block 0`, `block 1`, ... of the whole file. */
export function ownersByStructure(model: ImportedModel): Map<string, string | undefined> {
  const owners = new Map<string, string | undefined>();
  let number = 0;
  for (const path of mainPaths(model)) {
    const units = unitsOf(path);
    const names = units.map(() => `block ${number++}`);
    path.nodes.forEach((_, position) => {
      const unit = names[units.findIndex(({ from, to }) => position >= from && position <= to)];
      // What several blocks share is of none.
      for (const weight of path.weights[position] as string[])
        owners.set(weight, owners.has(weight) && owners.get(weight) !== unit ? undefined : unit);
    });
  }
  return owners;
}

function unitsOf(path: MainPath): Unit[] {
  const { links } = path;
  const parts = links.filter((link) => isResidual(path, link));
  const dense = parts.flatMap((part) => denseLayers(path, part));
  if (dense.length > 0) return dense;
  const layers = layersOf(path, parts);
  const inverted = invertedResiduals(
    path,
    links.filter(({ from, to }) => !layers.some((layer) => from >= layer.from && to <= layer.to)),
  );
  return withNorms(
    path,
    [...layers, ...inverted].sort((a, b) => a.from - b.from),
  );
}

const isProduct = ({ type }: FileNode) => ['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'com.microsoft.FusedMatMul'].includes(type);

const productsIn = ({ nodes, weights }: MainPath, { from, to }: Unit) =>
  nodes.slice(from, to + 1).filter((node, i) => isProduct(node) && (weights[from + i] as string[]).length > 0);

const has = ({ nodes }: MainPath, { from, to }: Unit, test: (node: FileNode) => boolean) => nodes.slice(from, to + 1).some(test);
const attends = (node: FileNode) => node.type === 'Softmax' || /Attention$/.test(node.type);

/** A part that ends in a sum or concatenation of computed values. A gate, which multiplies, is inside a block. */
function isResidual(path: MainPath, unit: Unit): boolean {
  const last = path.nodes[unit.to] as FileNode;
  const computed = last.inputs.filter((name) => path.computed.has(name));
  return unit.to > unit.from && /^(Add|Sum|Concat)$/.test(last.type) && computed.length > 1 && productsIn(path, unit).length > 1;
}

/** Attention and the part after it are one layer; mixing of places and of channels by turns are so too. */
function layersOf(path: MainPath, parts: readonly Unit[]): Unit[] {
  const isAttention = (unit: Unit) => has(path, unit, attends);
  const isConvolution = (unit: Unit) => productsIn(path, unit).some((node) => node.type === 'Conv' && !isPointwise(path, node));
  const turns = (unit: Unit) => has(path, unit, ({ type }) => type === 'Transpose');
  const attention = parts.some(isAttention);
  const first = attention ? isAttention : turns;
  const mixes =
    attention || (parts.length > 1 && !parts.some(isConvolution) && parts.every((unit, i) => turns(unit) === (i % 2 === 0)));
  if (!mixes) return [...parts];
  return parts.flatMap((unit, i) => {
    const next = parts[i + 1];
    if (first(unit)) return [next && !first(next) && !isConvolution(next) ? { from: unit.from, to: next.to } : unit];
    // What follows attention is a part of its layer; alone, as in a pooling, it is no block.
    return isConvolution(unit) ? [unit] : [];
  });
}

const shapeOf = ({ shapes }: MainPath, node: FileNode) => shapes.get(node.inputs[1] as string) ?? [];
const isPointwise = (path: MainPath, node: FileNode) =>
  node.type !== 'Conv' ||
  shapeOf(path, node)
    .slice(2)
    .every((extent) => extent === 1);
const isDepthwise = (path: MainPath, node: FileNode) =>
  node.type === 'Conv' && Number(node.attributes.group ?? 1) > 1 && shapeOf(path, node)[1] === 1 && !isPointwise(path, node);

/** Each depthwise convolution with the pointwise one that widens before it, if any, and the one that narrows after it. */
function invertedResiduals(path: MainPath, links: readonly Unit[]): Unit[] {
  const free = links.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  const convolutions = free.filter(
    (position) => (path.nodes[position] as FileNode).type === 'Conv' && path.weights[position]?.length,
  );
  const units: Unit[] = [];
  convolutions.forEach((position, i) => {
    if (!isDepthwise(path, path.nodes[position] as FileNode)) return;
    const before = convolutions[i - 1];
    const widens = before !== undefined && before > (units.at(-1)?.to ?? -1) && path.nodes[before];
    const narrows = convolutions.slice(i + 1).find((later) => !isGate(path, later));
    const end = narrows !== undefined && isPointwise(path, path.nodes[narrows] as FileNode) ? narrows : position;
    units.push({ from: widens && isPointwise(path, widens) ? (before as number) : position, to: end });
  });
  return units;
}

/** A convolution of one place for each channel, inside squeeze and excitation: it leads to a product of computed values. */
function isGate(path: MainPath, position: number): boolean {
  return path.links.some(
    ({ from, to }) => position >= from && position < to && to > from && (path.nodes[to] as FileNode).type === 'Mul',
  );
}

/** Between two concatenations of a part that ends in one lies a layer. */
function denseLayers(path: MainPath, part: Unit): Unit[] {
  if ((path.nodes[part.to] as FileNode).type !== 'Concat' || has(path, part, attends)) return [];
  const ends = path.nodes.flatMap((node, position) => {
    const isJoint = node.type === 'Concat' && node.inputs.filter((name) => path.computed.has(name)).length > 1;
    return position >= part.from && position <= part.to && isJoint ? [position] : [];
  });
  if (ends.length < 2) return [];
  return ends.map((end, i) => ({ from: i === 0 ? part.from : (ends[i - 1] as number) + 1, to: end - 1 }));
}

/** A norm between a block and the next belongs to the one before, where every block has one; otherwise it ends the network. */
function withNorms(path: MainPath, units: readonly Unit[]): Unit[] {
  const extended = units.map((unit) => {
    let { to } = unit;
    for (const link of path.links.filter(({ from }) => from > unit.to)) {
      const isNorm = /Normalization$/.test((path.nodes[link.to] as FileNode).type);
      if (!isNorm || link.from !== to + 1) break;
      to = link.to;
    }
    return { ...unit, to };
  });
  return extended.every(({ to }, i) => to > (units[i] as Unit).to) ? extended : [...units];
}
