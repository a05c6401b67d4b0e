/** An ONNX graph as it stands in a file: nodes in an order in which they can be computed, constants and weights by name. */
import { LimnError, messageOf } from '../../../core/errors.js';
import { float32, scalar, type Tensor, tensor, wholeOf } from '../../tensor/tensor.js';
import { type Attribute, Float } from '../graph.js';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from '../proto/onnx_pb.js';
import { notedModule } from './export-notes.js';
import { readTensor } from './tensors.js';

export interface FileNode {
  /** With its domain before it, where that is not ONNX's own: `com.microsoft.Attention`. */
  readonly type: string;
  readonly name: string;
  /** The path of PyTorch's module that it is of, where the file says so. */
  readonly module?: string | undefined;
  /** Names; empty for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Graphs inside it, such as both branches of an If. */
  readonly bodies: Readonly<Record<string, FileGraph>>;
}

/** @typeParam Content what is kept of a tensor */
export interface FileGraph<Content = Tensor> {
  readonly nodes: readonly FileNode[];
  /** Initializers and the outputs of Constant nodes. */
  readonly tensors: ReadonlyMap<string, Content>;
  readonly outputs: readonly string[];
  /** Names that its nodes take from the graph around it. */
  readonly captured: readonly string[];
}

/** Names in a broken file may hold anything: `what` is brought onto one line. */
export function broken(what: string): LimnError {
  return new LimnError('ENCODER', `The ONNX file is damaged: ${messageOf(what)}. Use another copy of it.`);
}

/**
 * @param read reads an initializer
 * @param given names that are known before the first node: the inputs, or undefined for a body, which may take any from outside
 */
export function readGraph(proto: GraphProto, read: (proto: TensorProto) => Tensor, given?: readonly string[]): FileGraph {
  const tensors = new Map(proto.initializer.map((initializer) => [initializer.name, read(initializer)]));
  const nodes: FileNode[] = [];
  for (const [i, node] of proto.node.entries()) {
    const made = readNode(node, i, read);
    const constant = made.type === 'Constant' ? constantOf(made, node) : undefined;
    if (constant) tensors.set(made.outputs[0] as string, constant);
    else nodes.push(made);
  }
  // A body has inputs of its own, unless it is a branch.
  const own = given ?? proto.input.map(({ name }) => name).filter((name) => !tensors.has(name));
  const { ordered, captured } = inOrder(nodes, [...tensors.keys(), ...own], given === undefined);
  return { nodes: ordered, tensors, outputs: proto.output.map(({ name }) => name), captured };
}

function readNode(node: NodeProto, index: number, read: (proto: TensorProto) => Tensor): FileNode {
  const domain = node.domain === '' || node.domain === 'ai.onnx' ? '' : `${node.domain}.`;
  const attributes: Record<string, Attribute> = {};
  const bodies: Record<string, FileGraph> = {};
  for (const attribute of node.attribute) {
    if (attribute.g) bodies[attribute.name] = readGraph(attribute.g, read);
    else attributes[attribute.name] = readAttribute(attribute);
  }
  return {
    type: domain + node.opType,
    name: node.name || `${node.opType} ${index}`,
    module: notedModule(node),
    inputs: node.input,
    outputs: node.output,
    attributes,
    bodies,
  };
}

/**
 * Files of early writers have no `type`: what is there tells it. An integer is an axis, a size or a place: those beyond 2^53 mean
 * "to the end" or nothing that exists, and stay so when they are brought to 2^53 - 1. Numbers that are data are in constants.
 */
function readAttribute(attribute: AttributeProto): Attribute {
  const { name, type, f, i, s, t, floats, ints } = attribute;
  if (type === 1 || (type === 0 && f !== undefined)) return new Float(f ?? 0);
  if (type === 2 || (type === 0 && i !== undefined)) return wholeOf(i ?? 0n);
  if (type === 3 || (type === 0 && s !== undefined)) return new TextDecoder().decode(s ?? new Uint8Array());
  if (t) return readTensor(t);
  if (type === 6 || (type === 0 && floats.length > 0)) return floats.map((value) => new Float(value));
  if (type === 7 || type === 0) return ints.map(wholeOf);
  return `an attribute ${name} of kind ${type}`;
}

function constantOf({ attributes, name }: FileNode, node: NodeProto): Tensor {
  const { value, value_float, value_floats } = attributes;
  const exact = (what: string) => node.attribute.find((attribute) => attribute.name === what);
  if (value !== undefined) return value as Tensor;
  if (value_float !== undefined) return scalar((value_float as Float).value);
  if (value_floats !== undefined) {
    const floats = value_floats as readonly Float[];
    return float32(
      [floats.length],
      floats.map((item) => item.value),
    );
  }
  const [one, several] = [exact('value_int'), exact('value_ints')];
  if (one) return tensor('int64', [], BigInt64Array.of(one.i ?? 0n));
  if (several) return tensor('int64', [several.ints.length], BigInt64Array.from(several.ints));
  throw new LimnError('GRAPH_UNSUPPORTED', `The constant ${name} of the ONNX file is not a tensor of numbers.`);
}

/** ONNX wants nodes in the order of computation; not every writer keeps to it. */
function inOrder(nodes: readonly FileNode[], known: readonly string[], mayCapture: boolean) {
  const ready = new Set(['', ...known]);
  const made = new Set<string>();
  for (const output of nodes.flatMap((node) => node.outputs)) {
    if (output !== '' && (made.has(output) || ready.has(output))) throw broken(`two things in it are named ${output}`);
    made.add(output);
  }
  const captured = new Set<string>();
  for (const node of nodes) {
    for (const name of readBy(node).filter((each) => !ready.has(each) && !made.has(each))) {
      if (!mayCapture) throw broken(`node ${node.name} reads ${name}, which nothing in the file makes`);
      captured.add(name);
    }
  }
  for (const name of captured) ready.add(name);
  const ordered: FileNode[] = [];
  let waiting = nodes;
  while (waiting.length > 0) {
    const before = ordered.length;
    waiting = waiting.filter((node) => {
      if (!readBy(node).every((name) => ready.has(name))) return true;
      for (const output of node.outputs) ready.add(output);
      ordered.push(node);
      return false;
    });
    if (ordered.length === before) throw broken(`node ${waiting[0]?.name} needs its own result to be computed`);
  }
  return { ordered, captured: [...captured] };
}

/** What a node reads: its inputs, and what the graphs inside it take from around them. */
function readBy(node: FileNode): string[] {
  return [...node.inputs, ...Object.values(node.bodies).flatMap((body) => body.captured)];
}

/** The nodes that some values need, in order. */
export function nodesFor(graph: Pick<FileGraph, 'nodes'>, names: readonly string[]): FileNode[] {
  const needed = new Set(names);
  const nodes = [...graph.nodes].reverse().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false;
    for (const name of readBy(node)) needed.add(name);
    return true;
  });
  return nodes.reverse();
}
