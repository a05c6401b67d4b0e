/** The repeated blocks of an imported model: transformer layers, or the residual blocks of a ResNet. */
import type { FileGraph, FileNode } from './file-graph.js';
import type { ImportedModel } from './model.js';
import { isMadeUp } from './read.js';

export interface ModelBlock {
  /** As in the names of its weights: `vision_model.encoder.layers.3`, `visual.layer2.0`. */
  name: string;
  /** Names of its weights in the file. */
  weights: string[];
  /**
   * The value that the block hands on, for `splice` to return: where a training can cut the model into parts to compute again.
   * Undefined where nothing comes after the block.
   */
  output?: string;
}

/** What modules that repeat are called: in transformers, open_clip and OpenAI's CLIP, timm and torchvision. */
const repeated =
  /^(?:.*?\.)?(?:stages\.\d+\.(?:(?:blocks|layers)\.)?\d+|layer\d+\.\d+|(?:layers?|blocks?|resblocks|features|stages|h)\.\d+)(?=\.|$)/;

/**
 * The blocks of a model in the order of computation, those of several towers one tower after the other.
 *
 * A weight belongs to the block that its name says. Where an exporter made the name up, the path in the name of the node that
 * uses it tells. Failing that, the factor of a product goes with the next weight that is told, such as the bias that is added,
 * and any other with the one before.
 */
export function blocksOf(model: ImportedModel): ModelBlock[] {
  const owners = ownersOf(model);
  const weights = new Map<string, string[]>();
  for (const [weight, block] of owners) {
    if (block !== undefined) weights.set(block, [...(weights.get(block) ?? []), weight]);
  }
  const order = [...weights.keys()];
  return order.map((name) => {
    const tower = order.filter((other) => towerOf(other) === towerOf(name));
    const output = outputOf(model.file, owners, tower, name);
    return { name, weights: weights.get(name) as string[], ...(output === undefined ? {} : { output }) };
  });
}

/** Blocks of one tower differ only in their numbers. */
const towerOf = (block: string) => block.replace(/\d+/g, '#');

const blockIn = (path: string) => repeated.exec(path)?.[0];

/** `/visual/layer1/layer1.0/conv1/Conv` is the module visual.layer1.0.conv1: a path repeats the name of a list before its items. */
function modulePath(nodeName: string): string {
  const parts = nodeName.split('/').filter((part) => part !== '');
  return parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`)).join('.');
}

const products = new Set(['MatMul', 'Gemm', 'Conv']);

/** The block of each weight, in the order of computation; undefined for those outside all blocks. */
function ownersOf({ file, weights }: ImportedModel): Map<string, string | undefined> {
  const owners = new Map<string, string | undefined>();
  const waiting: string[] = [];
  let before: string | undefined;
  for (const node of file.nodes) {
    for (const name of node.inputs) {
      if (!weights.has(name) || owners.has(name)) continue;
      const isTold = !isMadeUp(name) || node.name.startsWith('/');
      if (isTold) before = blockIn(name) ?? blockIn(modulePath(node.name));
      owners.set(name, before);
      if (isTold) for (const earlier of waiting.splice(0)) owners.set(earlier, before);
      else if (products.has(node.type)) waiting.push(name);
    }
  }
  return owners;
}

/** The first value that everything later reads in place of this block's weights: with it cut out, nothing depends on them. */
function outputOf(
  { nodes, outputs }: FileGraph,
  owners: ReadonlyMap<string, string | undefined>,
  tower: readonly string[],
  name: string,
): string | undefined {
  const at = tower.indexOf(name);
  const { own, crossing } = reach(nodes, owners, tower, at);
  for (const output of outputs) if (own.includes(output)) crossing.add(output);
  const dependsWithout = (cut: string) => {
    const dependent = new Set([...owners.keys()].filter((weight) => owners.get(weight) === name));
    for (const node of nodes) {
      if (!node.inputs.some((input) => dependent.has(input))) continue;
      for (const output of node.outputs) if (output !== cut) dependent.add(output);
    }
    return [...crossing].some((value) => dependent.has(value));
  };
  return crossing.size > 0 ? own.find((value) => !dependsWithout(value)) : undefined;
}

/** The values that depend on block `at` of a tower and on no later one, and those of them that something later reads. */
function reach(
  nodes: readonly FileNode[],
  owners: ReadonlyMap<string, string | undefined>,
  tower: readonly string[],
  at: number,
): { own: string[]; crossing: Set<string> } {
  const depths = new Map<string, number>();
  for (const [weight, block] of owners) depths.set(weight, block === undefined ? -1 : tower.indexOf(block));
  const crossing = new Set<string>();
  const own: string[] = [];
  for (const { inputs, outputs } of nodes) {
    const below = Math.max(-1, ...inputs.map((input) => depths.get(input) ?? -1));
    // After the last block, a weight that belongs to none is the next part of the tower.
    const leaves = below === tower.length - 1 && inputs.some((input) => owners.has(input) && owners.get(input) === undefined);
    const depth = leaves ? tower.length : below;
    for (const output of outputs) depths.set(output, depth);
    if (depth === at) own.push(...outputs);
    if (depth > at) for (const input of inputs) if (depths.get(input) === at && !owners.has(input)) crossing.add(input);
  }
  return { own, crossing };
}
