/** The repeated blocks of an imported model: transformer layers, or the residual blocks of a ResNet. */
import type { FileGraph, FileNode } from './file-graph.js';
import type { ImportedModel } from './model.js';
import { kindOf, ownersByName } from './module-paths.js';
import { ownersByStructure } from './residual-units.js';

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

/**
 * The blocks of a model in the order of computation, those of several towers one tower after the other: what PyTorch's modules call
 * them, whatever the exporter made of the names. Where names tell nothing, the structure of the graph does.
 */
export function blocksOf(model: ImportedModel): ModelBlock[] {
  const byName = ownersByName(model);
  const owners = [...byName.values()].some((name) => name !== undefined) ? byName : ownersByStructure(model);
  const weights = new Map<string, string[]>();
  for (const [weight, block] of owners) {
    if (block !== undefined) weights.set(block, [...(weights.get(block) ?? []), weight]);
  }
  const order = [...weights.keys()];
  return order.map((name) => {
    const tower = order.filter((other) => kindOf(other) === kindOf(name));
    const output = outputOf(model.file, owners, tower, name);
    return { name, weights: weights.get(name) as string[], ...(output === undefined ? {} : { output }) };
  });
}

/** The first value that everything later reads in place of this block's weights: with it cut out, nothing depends on them. */
function outputOf(
  { nodes, outputs }: Pick<FileGraph, 'nodes' | 'outputs'>,
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
