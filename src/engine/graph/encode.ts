/** A finished {@link Graph} as the bytes of an ONNX file. Nodes that no output needs are left out. */
import { create, toBinary } from '@bufbuild/protobuf';
import { bytesOf, type Tensor } from '../tensor/tensor.js';
import { elementTypes } from './element-types.js';
import { type Attribute, Float, Graph, type GraphBuilder, type Value } from './graph.js';
import { leavesFromLast } from './passes/leaf-order.js';
import { neededNodes } from './passes/needed.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './proto/onnx_pb.js';

/** The operator set that limn writes (ONNX 1.15; IR version 9). */
export const opset = 20;
const irVersion = 9n;

/** Operators that ONNX Runtime keeps in its own domain. */
const microsoftOperators = new Set(['FusedMatMul', 'QuickGelu']);

/** How a graph is written. */
export interface EncodeOptions {
  /** Write nodes whose outputs only the caller reads behind the others, the last first, see {@link leavesFromLast}. @default false */
  leavesFromLast?: boolean | undefined;
}

/** The graph as the bytes of an ONNX file. */
export function encodeModel(graph: GraphBuilder, options: EncodeOptions = {}): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: 'limn',
    graph: encodeGraph(graph, options),
    opsetImport: [
      { domain: '', version: BigInt(opset) },
      { domain: 'com.microsoft', version: 1n },
    ],
  });
  return toBinary(ModelProtoSchema, model);
}

function encodeGraph(graph: GraphBuilder, options: EncodeOptions = {}): GraphProto {
  const renamed = new Map<Value, string>();
  for (const { name, value } of graph.outputs) {
    // An output may be an input or a value with two output names: those need a node of their own.
    if (value.producer && value.graph === graph && !renamed.has(value)) renamed.set(value, name);
  }
  const nameOf = (value: Value | undefined) => (value === undefined ? '' : (renamed.get(value) ?? value.name));
  const { nodes: needed, values } = neededNodes(graph);
  const nodes = options.leavesFromLast ? leavesFromLast(needed) : needed;
  const proto = create(GraphProtoSchema, {
    name: graph.name,
    input: graph.inputs.map((value) => valueInfo(value.name, value)),
    output: graph.outputs.map(({ name, value }) => valueInfo(name, value)),
    valueInfo: [...matrixFactors(graph)]
      .filter((value) => value.graph === graph && value.producer && !renamed.has(value))
      .map((value) => valueInfo(value.name, value)),
    initializer: graph.constants
      .filter((value) => values.has(value))
      .map((value) => encodeTensor(value.constant as Tensor, value.name)),
    node: nodes.map((node, i) =>
      create(NodeProtoSchema, {
        opType: node.type,
        // Names must differ within a graph.
        name: node.origin === undefined ? '' : `${node.origin}#${graph.name}.${i}`,
        domain: microsoftOperators.has(node.type) ? 'com.microsoft' : '',
        input: node.inputs.map(nameOf),
        output: node.outputs.map(nameOf),
        attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
      }),
    ),
  });
  for (const { name, value } of graph.outputs) {
    if (renamed.get(value) !== name) {
      proto.node.push(create(NodeProtoSchema, { opType: 'Identity', input: [nameOf(value)], output: [name] }));
    }
  }
  return proto;
}

/** What FusedMatMul reads in a graph and the bodies in it: who replaces it by other operators must know the ranks. */
function matrixFactors(graph: GraphBuilder): Set<Value> {
  const factors = new Set<Value>();
  for (const { type, inputs, attributes } of neededNodes(graph).nodes) {
    if (type === 'FusedMatMul') for (const input of inputs) if (input) factors.add(input);
    for (const attribute of Object.values(attributes)) {
      if (attribute instanceof Graph) for (const value of matrixFactors(attribute)) factors.add(value);
    }
  }
  return factors;
}

function valueInfo(name: string, value: Value): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      tensorType: {
        elemType: elementTypes[value.dtype],
        shape: { dim: value.shape.map((extent) => ({ dimValue: BigInt(extent) })) },
      },
    },
  });
}

export function encodeTensor(content: Tensor, name = ''): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: elementTypes[content.dtype],
    dims: content.shape.map(BigInt),
    rawData: bytesOf(content),
  });
}

export function encodeAttribute(name: string, value: Attribute): AttributeProto {
  const typed = (): Partial<AttributeProto> => {
    if (typeof value === 'number' || typeof value === 'bigint') return { i: BigInt(value), type: 2 };
    if (typeof value === 'string') return { s: new TextEncoder().encode(value), type: 3 };
    if (value instanceof Float) return { f: value.value, type: 1 };
    if (value instanceof Graph) return { g: encodeGraph(value), type: 5 };
    if (!Array.isArray(value)) return { t: encodeTensor(value as Tensor), type: 4 };
    if (value[0] instanceof Float) return { floats: (value as Float[]).map((item) => item.value), type: 6 };
    return { ints: (value as (number | bigint)[]).map(BigInt), type: 7 };
  };
  return create(AttributeProtoSchema, { name, ...typed() } as never);
}
