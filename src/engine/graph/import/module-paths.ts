/** Blocks by the names of modules: `visual.layer2.0` in `visual.layer2.0.conv1.weight`. */
import { blocksOfParts } from './block-parts.js';
import type { FileNode } from './file-graph.js';
import { isMadeUp } from './made-up.js';
import type { ImportedModel } from './model.js';

/** Modules that hold blocks: the stages of ResNet, ConvNeXt and DenseNet in transformers, timm and torchvision. */
const stage = /^(?:\w*stages?\.\d+|levels?\.\d+|(?:layer|stage|denseblock|block)\d+|s\d+(?=\.b\d))(?=\.)/;
/** Modules that are blocks, or lists of them such as torchvision's `features.1` with `features.1.0`. */
const block =
  /^(?:(?:(?:albert_)?layers?|block|resblocks|features|h|network|trunk|transformer(?:_encoder)?)\.\d+|encoder_layer_\d+|denselayer\d+|block\d+-\d+|b\d+)(?=\.|$)/;
const list = /^(\w+)\.\d+(?=\.|$)/;

/** The block that a path begins with. */
function blockAt(path: string): string | undefined {
  const found = block.exec(path)?.[0];
  if (found !== undefined) return found;
  const [item, name = ''] = list.exec(path) ?? [];
  // `blocks`, `vision_blocks`, `blocks_token_only`, `serial_blocks1`
  return name.split('_').some((word) => /^blocks\d*$/.test(word)) ? item : undefined;
}
const item = /^\.(\d+)(?=\.)/;

/**
 * The block that a path belongs to: the item of the list of modules that repeat, below the stages that group them.
 *
 * @returns undefined for a path outside all blocks
 */
export function blockIn(path: string): string | undefined {
  for (let at = 0; at >= 0; at = nextPart(path, at)) {
    const rest = path.slice(at);
    const inStage = stage.exec(rest)?.[0];
    if (inStage !== undefined)
      return blockInStage(path, at + inStage.length) ?? blockFrom(path, at) ?? stageAlone(path, at, inStage);
    const found = blockFrom(path, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

const nextPart = (path: string, at: number) => {
  const dot = path.indexOf('.', at);
  return dot < 0 ? -1 : dot + 1;
};

/** `layer1` with no list in it is a layer of another kind, but `stages.2` may be a block of its own. */
const stageAlone = (path: string, at: number, inStage: string) =>
  inStage.includes('.') ? path.slice(0, at + inStage.length) : undefined;

function blockInStage(path: string, end: number): string | undefined {
  const next = item.exec(path.slice(end));
  if (next) return withItem(path, end + next[0].length);
  for (let at = nextPart(path, end); at >= 0; at = nextPart(path, at)) {
    const found = blockFrom(path, at, true);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A block that starts at a part of a path, or one inside it where it is a list of blocks itself. */
function blockFrom(path: string, at: number, isInStage = false): string | undefined {
  const own = blockAt(path.slice(at));
  if (own === undefined) return undefined;
  const end = at + own.length;
  // `blocks.0.1` is the second block of a first stage, but `stages.0.blocks.0.1` a part of a block: of DaViT's, the half over channels.
  if (isInStage && /blocks\.\d+$/.test(own)) return path.slice(0, end);
  // The layers of Swin and the network of SwiftFormer hold blocks, and torchvision's blocks of MaxViT layers; what is called a layer in a
  // block is else a part of it.
  const holdsBlocks = /^(layers?|network|trunk|features)\./.test(own);
  const held = holdsBlocks ? /^\.blocks\.\d+(?=\.|$)/ : /^blocks\./.test(own) ? /^\.layers\.\d+(?=\.|$)/ : undefined;
  const inside = held?.exec(path.slice(end))?.[0];
  if (inside !== undefined) return withItem(path, end + inside.length);
  return withItem(path, end);
}

/** `features.1` becomes `features.1.0` where that holds modules; `features.18.0` with a weight of its own is a part of `features.18`. */
function withItem(path: string, end: number): string {
  const next = item.exec(path.slice(end));
  const hasModules = next && path.slice(end + next[0].length + 1).includes('.');
  return path.slice(0, hasModules ? end + next[0].length : end);
}

/** `/visual/layer1/layer1.0/conv1/Conv` is in the module visual.layer1.0.conv1: a path repeats the name of a list before its items. */
function modulePath({ name, module }: FileNode): string | undefined {
  if (module !== undefined) return `${module}.op`;
  if (!name.startsWith('/')) return undefined;
  const parts = name.split('/').filter((part) => part !== '');
  return parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`)).join('.');
}

const products = new Set(['MatMul', 'Gemm', 'Conv']);

/**
 * The block of each weight by names, in the order of computation; undefined for those outside all blocks.
 *
 * A weight belongs to the block that its name says. Where an exporter made the name up, the name of the parameter that it comes
 * from or the module of the node that uses it tells. Failing that, what a product is added to tells: its own bias and what
 * follows are of the same block, but a sum of two values that were computed ends it.
 */
export function ownersByName(model: ImportedModel): Map<string, string | undefined> {
  const owners = ownersBelow(model, wrapperOf(model));
  return [...owners.values()].some((name) => name !== undefined) ? owners : ownersBelow(model, '');
}

/** What all names begin with, `layers.0.` where a model is the only item of a list: no block, but what is around the model. */
function wrapperOf({ file, weights }: ImportedModel): string {
  const named = [...weights.keys()].filter((name) => !isMadeUp(name));
  const reading = file.nodes.filter(({ inputs }) => inputs.some((name) => weights.has(name)));
  const paths = [...named, ...reading.flatMap((node) => modulePath(node) ?? [])].map((name) => name.split('.'));
  // Paths of nodes may leave out what names begin with.
  const [first, ...others] = paths.filter(([part]) => part === paths[0]?.[0]);
  if (first === undefined || others.length === 0) return '';
  // Where blocks have other beginnings too, as `layer2.0` beside `layer1.0`, it is the first of them and wraps nothing.
  if (named.some((name) => name.split('.')[0] !== first[0] && blockIn(name) !== undefined)) return '';
  const differs = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  const last = first.slice(0, Math.max(0, differs)).findLastIndex((part) => /^\d+$/.test(part));
  return last < 0 ? '' : `${first.slice(0, last + 1).join('.')}.`;
}

type Naming = (path: string) => string | undefined;

function ownersBelow(model: ImportedModel, wrapper: string): Map<string, string | undefined> {
  const { file, weights } = model;
  const nameOf: Naming = (path) => {
    const inside = path.startsWith(wrapper) ? path.slice(wrapper.length) : path;
    const found = blockIn(inside);
    return found === undefined ? undefined : path.slice(0, path.length - inside.length + found.length);
  };
  const paths = new Map<string, string>();
  const fromNodes = new Map<string, string>();
  for (const node of file.nodes) {
    for (const name of node.inputs) {
      if (!weights.has(name) || paths.has(name) || fromNodes.has(name)) continue;
      const path = model.origins.get(name) ?? (isMadeUp(name) ? undefined : name);
      const module = modulePath(node);
      if (path !== undefined) paths.set(name, path);
      else if (module !== undefined) fromNodes.set(name, module);
    }
  }
  const ofParts = blocksOfParts(new Map([...paths.values()].map((path) => [path, nameOf(path)])));
  const blockOf: Naming = (path) => {
    const own = nameOf(path);
    const holder = own?.replace(/\.\d+$/, '');
    return holder !== undefined && ofParts.has(holder) ? holder : own;
  };
  const known = [...new Set([...paths.values()].flatMap((path) => blockOf(path) ?? []))];
  const told = new Map([...paths].map(([name, path]) => [name, nearestBlock(path, known, blockOf)]));
  for (const [name, module] of fromNodes) told.set(name, sameBlock(innerBlock(module, known, blockOf), known));
  return withoutParts(inOrderOfUse(model, told), model);
}

/** A parameter of the block itself, such as `features.1.0.scale`, does not show alone that `features.1` is a list of blocks. */
function nearestBlock(path: string, known: readonly string[], blockOf: Naming): string | undefined {
  const own = blockOf(path);
  const inside = known.filter((name) => own !== undefined && name.startsWith(`${own}.`) && path.startsWith(`${name}.`));
  return inside.sort((a, b) => b.length - a.length)[0] ?? own;
}

/** The same for the path of a node, `encoder.block.0.0.Mul`, which may lack what a known name, `model.encoder.block.0.0`, begins with. */
function innerBlock(path: string, known: readonly string[], blockOf: Naming): string | undefined {
  const own = blockOf(path);
  if (own === undefined || known.includes(own)) return own;
  const list = own.split('.').slice(-2).join('.');
  const inside = known.filter((name) => {
    const at = `.${name}`.lastIndexOf(`.${list}.`);
    return at >= 0 && `.${path}.`.includes(`.${name.slice(at)}.`);
  });
  return inside.sort((a, b) => b.length - a.length)[0] ?? own;
}

/** Paths of nodes leave out the modules that were not called, such as the outermost: the block whose name ends alike is meant. */
function sameBlock(name: string | undefined, known: readonly string[]): string | undefined {
  if (name === undefined || known.includes(name)) return name;
  // A stage that is known by its blocks has their beginning.
  const holder = known.find((other) => `.${other}`.includes(`.${name}.`));
  if (holder !== undefined) return holder.slice(0, `.${holder}`.indexOf(`.${name}.`) + name.length);
  const alike = known.filter((other) => other.endsWith(`.${name}`) || name.endsWith(`.${other}`));
  return alike.sort((a, b) => a.length - b.length)[0] ?? name;
}

interface Way {
  readers: ReadonlyMap<string, readonly FileNode[]>;
  makers: ReadonlyMap<string, FileNode>;
  constants: ReadonlyMap<string, unknown>;
  told: ReadonlyMap<string, string | undefined>;
}

function inOrderOfUse({ file, weights }: ImportedModel, told: ReadonlyMap<string, string | undefined>) {
  const makers = new Map(file.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const way: Way = { readers: readersOf(file.nodes), makers, constants: file.tensors, told };
  const owners = new Map<string, string | undefined>();
  let before: string | undefined;
  let ended = false;
  const waiting: string[] = [];
  for (const node of file.nodes) {
    // Copies stand before everything else, in no order.
    if (node.type === 'Identity') continue;
    for (const name of node.inputs) {
      if (!weights.has(name) || owners.has(name)) continue;
      if (told.has(name)) {
        before = told.get(name);
        ended = false;
        for (const earlier of waiting.splice(0)) owners.set(earlier, before);
      }
      const isUntold = !told.has(name) && products.has(node.type);
      const near = isUntold ? (ownBias(node, way) ?? sourceOf(node, way) ?? followed(node, way)) : undefined;
      // Behind a sum of computed values, what comes next tells more than what came before.
      if (near || !ended) owners.set(name, near ? near.block : before);
      else waiting.push(name);
    }
    ended ||= node.type === 'Add' && isJoint(node, way);
  }
  for (const name of waiting) owners.set(name, undefined);
  return owners;
}

function readersOf(nodes: readonly FileNode[]): Map<string, FileNode[]> {
  const readers = new Map<string, FileNode[]>();
  for (const node of nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  return readers;
}

const sums = new Set(['Add', 'Concat', 'Sum']);
const isJoint = ({ type, inputs }: FileNode, { constants }: Way) => sums.has(type) && !inputs.some((name) => constants.has(name));

function toldIn({ inputs }: FileNode, { told }: Way): { block: string | undefined } | undefined {
  const weight = inputs.find((name) => told.has(name));
  return weight === undefined ? undefined : { block: told.get(weight) };
}

function ownBias(node: FileNode, way: Way) {
  const next = way.readers.get(node.outputs[0] as string)?.[0];
  return next?.type === 'Add' ? toldIn(next, way) : undefined;
}

/** The block of the weight that made what a product reads, such as a norm's, unless a connection goes around from there. */
function sourceOf(node: FileNode, way: Way) {
  let value = node.inputs[0] as string;
  for (let maker = way.makers.get(value); maker; maker = way.makers.get(value)) {
    if (way.readers.get(value)?.some((reader) => isJoint(reader, way))) return undefined;
    const source = toldIn(maker, way);
    if (source) return source;
    if (products.has(maker.type) || isJoint(maker, way)) return undefined;
    value = maker.inputs[0] as string;
  }
  return undefined;
}

/** The block of the nearest weight that is told behind a node; a way ends where values that were computed are added up. */
function followed(node: FileNode, way: Way) {
  const seen = new Set([node]);
  for (const at of seen) {
    const next = at === node ? undefined : toldIn(at, way);
    if (next) return next;
    if (at.type === 'Shape' || (at !== node && isJoint(at, way))) continue;
    for (const output of at.outputs) for (const reader of way.readers.get(output) ?? []) seen.add(reader);
  }
  return undefined;
}

/** Blocks of one kind differ only in their numbers. */
export const kindOf = (name: string) => name.replace(/\d+/g, '#');

/**
 * Leaves out the stages that hold blocks, whose own weights lie between those, and the
 * items of a list that are no blocks: among `features`, a first and a last convolution stand beside the blocks, and
 * patch merging between them. A block has more than one product.
 */
function withoutParts(owners: Map<string, string | undefined>, { file }: ImportedModel): Map<string, string | undefined> {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const { type, inputs } of file.nodes) {
    for (const name of inputs) {
      const owner = owners.get(name);
      if (owner === undefined || seen.has(name) || !products.has(type) || inputs.indexOf(name) === 2) continue;
      seen.add(name);
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
  }
  const isMixed = (name: string) => /(^|\.)(features|network|trunk)\.\d/.test(name);
  const hasBlocks = [...counts].some(([name, count]) => isMixed(name) && count > 1);
  const names = new Set([...owners.values()].flatMap((name) => name ?? []));
  const kinds = [...new Set([...names].map(kindOf))];
  const isList = (name: string) => kinds.some((kind) => kind.startsWith(`${kindOf(name)}.`)) && !isMixed(name);
  const isPart = (name: string | undefined) =>
    name !== undefined && (isList(name) || (hasBlocks && isMixed(name) && (counts.get(name) ?? 0) < 2));
  return new Map([...owners].map(([weight, owner]) => [weight, isPart(owner) ? undefined : owner]));
}
