/** Adds nodes of a file to a graph. */
import { LimnError, messageOf } from '../../../core/errors.js';
import { int64 } from '../../tensor/tensor.js';
import { operatorOf, ShapeError } from '../registry.js';
import type { Attributes, GraphBuilder, Value } from '../value.js';
import type { Call, ImportRule } from './call.js';
import type { FileGraph, FileNode } from './file-graph.js';
import { fold } from './fold.js';
import { rules } from './rules.js';
import { isSequence, sequenceRules } from './sequence-rules.js';

/** What a node is read in: values by the names of the file, and the names of those that are computed from its inputs. */
export interface Surroundings {
  lookUp(name: string): Value;
  varying: Set<string>;
}

/** Adds a node of a file to a graph and returns its outputs, undefined for those that limn does not compute. */
export function importNode(
  node: FileNode,
  graph: GraphBuilder,
  opset: number,
  { lookUp, varying }: Surroundings,
): (Value | undefined)[] {
  const emit = (type: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}) => {
    if (inputs.every((input) => input === undefined || input.constant)) {
      const types = operatorOf(type).infer(inputs, attributes);
      const known = fold(
        type,
        inputs.map((input) => input?.constant),
        attributes,
        types,
      );
      if (known) return known.map((content) => graph.constant(content));
    }
    return graph.add(type, inputs, attributes);
  };
  const call: Call = {
    type: node.type,
    graph,
    inputs: node.inputs.map((name) => (name === '' ? undefined : lookUp(name))),
    attributes: node.attributes,
    varies: (input) => varying.has(node.inputs[input] ?? ''),
    outputs: node.outputs.length,
    opset,
    emit,
    emit1: (type, inputs, attributes) => emit(type, inputs, attributes)[0] as Value,
    ints: (values) => graph.constant(int64([values.length], values), 'ints'),
    body: (name) => importBody(node.bodies[name], graph, opset, { lookUp, varying }),
  };
  // Shapes are settled, whatever they are of.
  const read = [...node.inputs, ...Object.values(node.bodies).flatMap(({ captured }) => captured)];
  if (node.type !== 'Shape' && node.type !== 'Size' && read.some((name) => varying.has(name)))
    for (const name of node.outputs) varying.add(name);
  const outside = graph.origin;
  graph.origin = node.name;
  try {
    if (!Object.hasOwn(sequenceRules, node.type) && call.inputs.some(isSequence))
      throw new ShapeError(
        'it reads a sequence of tensors whose elements the file does not determine, which limn does not support.',
      );
    return (rules[node.type] as ImportRule)(call);
  } catch (error) {
    // What else can be thrown here is a broken file: attributes that are missing or of another kind.
    const code = LimnError.isInstance(error) ? error.code : error instanceof ShapeError ? 'GRAPH_SHAPE' : 'ENCODER';
    const what = LimnError.isInstance(error) ? error.message : `${node.type}: ${messageOf(error)}`;
    throw new LimnError(code, messageOf(`Node ${node.name} of the ONNX file cannot be imported: ${what}`), { cause: error });
  } finally {
    graph.origin = outside;
  }
}

function importBody(body: FileGraph | undefined, graph: GraphBuilder, opset: number, { lookUp, varying }: Surroundings): Value[] {
  if (!body) throw new ShapeError('it lacks a branch.');
  const inside = new Map<string, Value>();
  const find = (name: string): Value => {
    const content = body.tensors.get(name);
    return inside.get(name) ?? (content ? graph.constant(content) : lookUp(name));
  };
  for (const node of body.nodes) {
    importNode(node, graph, opset, { lookUp: find, varying }).forEach((value, i) => {
      if (value && node.outputs[i]) inside.set(node.outputs[i], value);
    });
  }
  return body.outputs.map(find);
}
