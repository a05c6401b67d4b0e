/**
 * A model in operators that the WebGPU provider has. What it lacks, ONNX Runtime computes on the CPU, with a copy of every operand
 * down and of every result up; a training step of LIMN has hundreds of such products.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { elementTypes } from '../graph/element-types.js';
import { encodeAttribute, encodeTensor } from '../graph/encode.js';
import { type Attributes, Float } from '../graph/graph.js';
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
} from '../graph/proto/onnx_pb.js';
import { int64, scalar, type Tensor } from '../tensor/tensor.js';

export interface Lowered {
  bytes: Uint8Array;
  /** Nodes that the provider claims and cannot run, by the names that they have in `bytes`. */
  cpuNodes: string[];
  /** Nodes that read float16, which not every device can. */
  float16Nodes: string[];
}

type NodeLists = Omit<Lowered, 'bytes'>;

/** What is known of the values that a graph sees: ranks, and which are float16. */
interface Known {
  ranks: Map<string, number>;
  float16: Set<string>;
}

/** Rewrites an encoded model, and the bodies in it. What cannot be rewritten stays as it is. */
export function lowered(bytes: Uint8Array): Lowered {
  const model = fromBinary(ModelProtoSchema, bytes);
  const lists: NodeLists = { cpuNodes: [], float16Nodes: [] };
  if (model.graph) lowerGraph(model.graph, { ranks: new Map(), float16: new Set() }, lists);
  return { bytes: toBinary(ModelProtoSchema, model), ...lists };
}

function lowerGraph(graph: GraphProto, outer: Known, lists: NodeLists): void {
  const known: Known = { ranks: new Map(outer.ranks), float16: new Set(outer.float16) };
  const learn = (name: string, rank: number | undefined, elementType: number | undefined) => {
    if (rank !== undefined) known.ranks.set(name, rank);
    if (elementType === elementTypes.float16) known.float16.add(name);
  };
  const described: ValueInfoProto[] = [...graph.input, ...graph.output, ...graph.valueInfo];
  for (const { name, type } of described) learn(name, type?.tensorType?.shape?.dim.length, type?.tensorType?.elemType);
  for (const { name, dims, dataType } of graph.initializer) learn(name, dims.length, dataType);

  const constant = (name: string, content: Tensor) => {
    if (!graph.initializer.some((tensor) => tensor.name === name)) graph.initializer.push(encodeTensor(content, name));
    return name;
  };
  graph.node = graph.node.flatMap((node) => {
    for (const { g: body } of node.attribute) if (body) lowerGraph(body, known, lists);
    if (node.input.some((name) => known.float16.has(name))) {
      lists.float16Nodes.push(named(node));
      if (node.opType !== 'Cast') for (const name of node.output) known.float16.add(name);
    }
    // Where the greatest were is not written yet by the provider (ONNX Runtime 1.30), and only a gradient asks for it.
    if (node.opType === 'MaxPool' && node.output.length > 1) lists.cpuNodes.push(named(node));
    return rules[node.opType]?.(node, known, constant) ?? [node];
  });
}

/** The name of a node, which has one from now on. */
function named(node: NodeProto): string {
  node.name ||= `makes ${node.output[0]}`;
  return node.name;
}

type LoweringRule = (
  node: NodeProto,
  known: Known,
  constant: (name: string, content: Tensor) => string,
) => NodeProto[] | undefined;

const rules: Readonly<Record<string, LoweringRule>> = {
  FusedMatMul(node, { ranks }, constant) {
    const [a, b] = node.input as [string, string];
    const y = node.output[0] as string;
    const flag = (name: string) => node.attribute.find((each) => each.name === name)?.i === 1n;
    const alpha = node.attribute.find(({ name }) => name === 'alpha')?.f ?? 1;
    const [transA, transB] = [flag('transA'), flag('transB')];
    const [rankA, rankB] = [ranks.get(a), ranks.get(b)];
    if (rankA === undefined || rankB === undefined || flag('transBatchA') || flag('transBatchB')) return undefined;
    if (rankA === 2 && rankB === 2) {
      const attributes = { transA: Number(transA), transB: Number(transB), alpha: new Float(alpha) };
      return [newNode('Gemm', [a, b], y, attributes)];
    }
    const nodes: NodeProto[] = [];
    const turned = (name: string, rank: number, turns: boolean, side: string) => {
      if (!turns) return name;
      const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
      nodes.push(newNode('Transpose', [name], `${y}//${side}`, { perm }));
      return `${y}//${side}`;
    };
    const factors = [turned(a, rankA, transA, 'a'), turned(b, rankB, transB, 'b')];
    if (alpha === 1) return [...nodes, newNode('MatMul', factors, y)];
    const scale = constant(`${y}//alpha`, scalar(alpha));
    return [...nodes, newNode('MatMul', factors, `${y}//product`), newNode('Mul', [`${y}//product`, scale], y)];
  },

  /** x - max - log(sum(exp(x - max))) */
  LogSoftmax(node, _, constant) {
    const x = node.input[0] as string;
    const y = node.output[0] as string;
    const axis = Number(node.attribute.find(({ name }) => name === 'axis')?.i ?? -1n);
    const axes = constant(`axes//${axis}`, int64([1], [axis]));
    const of = (part: string) => `${y}//${part}`;
    return [
      newNode('ReduceMax', [x, axes], of('max'), { keepdims: 1 }),
      newNode('Sub', [x, of('max')], of('shifted')),
      newNode('Exp', [of('shifted')], of('exp')),
      newNode('ReduceSum', [of('exp'), axes], of('sum'), { keepdims: 1 }),
      newNode('Log', [of('sum')], of('log')),
      newNode('Sub', [of('shifted'), of('log')], y),
    ];
  },
};

function newNode(opType: string, input: string[], output: string, attributes: Attributes = {}): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
  return create(NodeProtoSchema, { opType, input, output: [output], attribute });
}
