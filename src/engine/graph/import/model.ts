/** An ONNX file whose nodes can be added to a graph of limn's, to be run or trained as a part of it. */
import { LimnError, messageOf } from '../../../core/errors.js';
import type { DType } from '../../tensor/tensor.js';
import type { GraphBuilder, Value } from '../value.js';
import { type FileGraph, type FileNode, nodesFor } from './file-graph.js';
import type { FileTensor } from './file-tensors.js';
import { importNode } from './import-node.js';
import { rules } from './rules.js';

export interface FileInput {
  name: string;
  /** float32 for files in half or double precision too. */
  dtype: DType;
  /** Extents, or names of those that the caller settles; undefined when the file does not say. */
  dims: readonly (number | string)[] | undefined;
}

export interface SpliceOptions {
  graph: GraphBuilder;
  /** Values for the file's inputs, by name; those that `outputs` do not need can be left out. */
  inputs: Readonly<Record<string, Value>>;
  /** Brings a weight into the graph as something trained; undefined leaves it a constant. @default all are constants */
  weight?: (name: string, weight: FileTensor) => Value | undefined;
  /** Names of the wanted values: outputs of the file or any others that it computes. */
  outputs: readonly string[];
}

interface ImportedParts {
  inputs: readonly FileInput[];
  opset: number;
  file: FileGraph<FileTensor>;
  weights: ReadonlyMap<string, FileTensor>;
  fixed: ReadonlyMap<string, string>;
  origins: ReadonlyMap<string, string | undefined>;
}

export class ImportedModel {
  readonly inputs: readonly FileInput[];
  readonly outputs: readonly string[];
  readonly opset: number;
  /** The nodes of the file, in the order of computation. */
  readonly file: FileGraph<FileTensor>;
  /** What can be trained, by its name in the file. An exporter may have transposed it and named it anew. */
  readonly weights: ReadonlyMap<string, FileTensor>;
  /** Float tensors that are no weights, and why not. */
  readonly fixed: ReadonlyMap<string, string>;
  /** The parameter that a weight was made of, where the file says so. */
  readonly origins: ReadonlyMap<string, string | undefined>;
  private readonly constants = new WeakMap<GraphBuilder, Map<FileTensor, Value>>();

  /** Made by `readModel`. */
  constructor(parts: ImportedParts) {
    this.inputs = parts.inputs;
    this.outputs = parts.file.outputs;
    this.opset = parts.opset;
    this.file = parts.file;
    this.weights = parts.weights;
    this.fixed = parts.fixed;
    this.origins = parts.origins;
  }

  /**
   * Checks what can be checked without shapes.
   *
   * @throws LimnError GRAPH_UNSUPPORTED naming every operator on the way to the outputs that limn does not know
   */
  requireImportable(outputs: readonly string[] = this.outputs): void {
    requireKnown(nodesFor(this.file, outputs), this.opset);
  }

  /**
   * Adds the nodes that the outputs need to a graph. The inputs' shapes settle all others; what the file computes from shapes is
   * computed here. Dropout is left out and batch normalisation keeps its statistics. A graph may take the same file several times:
   * its constants are shared, and so are the weights where `weight` gives the same value again. An import that fails leaves the
   * graph's nodes and constants as they were.
   *
   * @returns the wanted values by name
   * @throws LimnError GRAPH_UNSUPPORTED naming every operator that limn does not know, before anything is added
   * @throws LimnError ENCODER for inputs that the file does not have or that do not fit it
   * @throws LimnError GRAPH_SHAPE naming a node that cannot take its inputs
   */
  splice(options: SpliceOptions): Record<string, Value> {
    const nodes = nodesFor(this.file, options.outputs);
    requireKnown(nodes, this.opset);
    const { graph } = options;
    const undo = graph.mark();
    try {
      return this.addNodes(nodes, options);
    } catch (error) {
      undo();
      this.constants.delete(graph);
      throw error;
    }
  }

  private addNodes(nodes: readonly FileNode[], { graph, inputs, weight, outputs }: SpliceOptions): Record<string, Value> {
    const values = new Map<string, Value>();
    /** Outputs that limn does not compute, such as the mask of a pooling: a mistake only if something reads them. */
    const absent = new Map<string, FileNode>();
    const varying = new Set(Object.keys(inputs));
    for (const [name, value] of Object.entries(inputs)) values.set(name, this.checkedInput(name, value));
    const lookUp = (name: string): Value => {
      const known = values.get(name);
      if (known) return known;
      const tensor = this.weights.get(name) ?? this.file.tensors.get(name);
      const maker = absent.get(name);
      if (maker) throw notComputed(maker, name);
      if (!tensor) throw this.noSuchInput(name, inputs);
      const given = this.weights.has(name) ? weight?.(name, tensor) : undefined;
      const value = given ? checkedWeight(name, tensor, given) : this.constant(graph, name, tensor);
      values.set(name, value);
      return value;
    };
    for (const node of nodes) {
      const results = this.weights.has(node.outputs[0] as string) ? [] : importNode(node, graph, this.opset, { lookUp, varying });
      node.outputs.forEach((name, i) => {
        if (results[i]) values.set(name, results[i]);
        else if (name !== '' && !this.weights.has(name)) absent.set(name, node);
      });
    }
    return Object.fromEntries(outputs.map((name) => [name, lookUp(name)]));
  }

  /** A graph that takes a tensor again, by whatever name, shares it, though what is read from a file is new each time. */
  private constant(graph: GraphBuilder, name: string, tensor: FileTensor): Value {
    const known = this.constants.get(graph) ?? new Map<FileTensor, Value>();
    this.constants.set(graph, known);
    const value = known.get(tensor) ?? graph.constant(tensor.content(), name);
    known.set(tensor, value);
    return value;
  }

  private checkedInput(name: string, value: Value): Value {
    const input = this.inputs.find((candidate) => candidate.name === name);
    if (!input) {
      const known = this.inputs.map((candidate) => candidate.name).join(', ');
      throw new LimnError('ENCODER', `The ONNX file has no input ${name}: its inputs are ${known}.`);
    }
    const { dtype, dims } = input;
    const fits = dims?.every((extent, i) => typeof extent === 'string' || extent === value.shape[i]) ?? true;
    if (value.dtype !== dtype || !fits || (dims && dims.length !== value.shape.length)) {
      throw new LimnError(
        'ENCODER',
        `Input ${name} of the ONNX file is ${dtype}[${dims?.map((extent) => extent || '?')}] and cannot be ${value.dtype}[${value.shape}]: ${adviceFor(dims, value.shape)}`,
        { details: { name, dims, shape: value.shape } },
      );
    }
    return value;
  }

  private noSuchInput(name: string, given: Readonly<Record<string, Value>>): LimnError {
    if (!this.inputs.some((input) => input.name === name))
      return new LimnError('ENCODER', `The ONNX file computes no value ${name}: its outputs are ${this.outputs.join(', ')}.`);
    const names = Object.keys(given).join(', ') || 'none';
    return new LimnError('ENCODER', `The ONNX file needs its input ${name}, and the given ones are ${names}.`);
  }
}

function adviceFor(dims: FileInput['dims'], shape: readonly number[]): string {
  const differs =
    dims?.length === shape.length && dims.every((extent, i) => i === 0 || typeof extent === 'string' || extent === shape[i]);
  return differs && typeof dims[0] === 'number' && dims[0] !== shape[0]
    ? `the file fixes the batch. Frozen it can be used with "batch": ${dims[0]} in its description; to train it, export it with a dynamic batch.`
    : 'where the file fixes a size, export it with a dynamic one.';
}

function notComputed({ name, type }: FileNode, output: string): LimnError {
  return new LimnError(
    'GRAPH_UNSUPPORTED',
    messageOf(`Node ${name} of the ONNX file cannot be imported: ${type}: limn does not compute its output ${output}.`),
  );
}

function checkedWeight(name: string, { dtype, shape }: FileTensor, value: Value): Value {
  if (value.dtype === dtype && value.shape.join() === shape.join()) return value;
  throw new LimnError(
    'GRAPH_SHAPE',
    `Weight ${name} of the ONNX file is ${dtype}[${shape}] and cannot be ${value.dtype}[${value.shape}].`,
  );
}

/** What helps against operators that limn does not know. */
function wayOut(types: readonly string[], opset: number): string {
  const own = types.filter((type) => type.includes('.'));
  const ways = [
    ...(types.some(isQuantizing) ? ['The file is quantised: export the model in float32.'] : []),
    ...(own.some((type) => type.startsWith('com.microsoft.nchwc.'))
      ? ['ONNX Runtime wrote the file for one kind of CPU: take the file from before its optimizer.']
      : []),
    ...(own.some((type) => !isQuantizing(type) && !type.startsWith('com.microsoft.nchwc.'))
      ? [
          'Operators with a domain are not of the ONNX standard: export the model without them, or before an optimizer wrote them.',
        ]
      : []),
    ...(opset > 22 && types.some((type) => !type.includes('.') && !isQuantizing(type))
      ? ['Export the model with opset 22 or less, where operators of newer sets are written with others.']
      : []),
  ];
  return [...ways, 'As a frozen encoder the file can be used as it is.'].join(' ');
}

const isQuantizing = (type: string) => /quantize|integer$|qlinear|qgemm|qattention|qembed|nbits/i.test(type);

function requireKnown(nodes: readonly FileNode[], opset: number): void {
  const unsupported = new Map<string, { node: string; count: number }>();
  const visit = (node: FileNode) => {
    if (!Object.hasOwn(rules, node.type)) {
      const known = unsupported.get(node.type);
      unsupported.set(node.type, { node: known?.node ?? node.name, count: (known?.count ?? 0) + 1 });
    }
    for (const body of Object.values(node.bodies)) body.nodes.forEach(visit);
  };
  nodes.forEach(visit);
  if (unsupported.size === 0) return;
  const list = [...unsupported].map(
    ([type, { node, count }]) => `${type} (${count > 1 ? `${count} nodes, first ` : ''}${messageOf(node)})`,
  );
  throw new LimnError(
    'GRAPH_UNSUPPORTED',
    `The ONNX file uses operators that limn cannot train through: ${list.join(', ')}. ${wayOut([...unsupported.keys()], opset)}`,
    { details: { types: [...unsupported.keys()] } },
  );
}
