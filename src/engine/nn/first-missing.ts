/**
 * Finds where the first NaN of a training step arises: the training graph with, for every float value, a number that says whether
 * it holds NaN or infinity. It is made only after a step has failed.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../graph/proto/onnx_pb.js';
import type { Device } from '../runtime/device.js';
import { Session } from '../runtime/session.js';
import { int64, type Tensor, tensor } from '../tensor/tensor.js';

/** Operators whose results are no floats, or no tensors that can be asked. */
const notFloat = new Set(
  'Shape Size Equal Less LessOrEqual Greater GreaterOrEqual And Or Not Xor IsNaN IsInf ArgMax ArgMin'.split(' '),
);

export interface FailedStep {
  /** The training graph. */
  model: Uint8Array;
  /** Parameters, moments and clock to compute with; what is missing here is taken from `feeds`. */
  state: Readonly<Record<string, Tensor>>;
  /** Those of the run with the failed step. */
  feeds: Readonly<Record<string, Tensor>>;
  /** Which step of the run failed, counted from 0. */
  row: number;
  device?: Device | undefined;
}

/**
 * Says in words where the first NaN, or failing that the first infinity, of a step comes from; undefined where the step gives
 * numbers throughout.
 *
 * @throws LimnError RUNTIME when the graph cannot be run again
 */
export async function firstMissing({ model, state, feeds, row, device }: FailedStep): Promise<string | undefined> {
  const outer = fromBinary(ModelProtoSchema, model);
  const graph = flatGraph(outer.graph as GraphProto);
  const elementTypes = new Map(graph.input.map(({ name, type }) => [name, type?.tensorType?.elemType]));
  const given: Record<string, Tensor> = {};
  for (const name of elementTypes.keys()) {
    // The body of a Loop has its state under names of its own.
    const content = state[name] ?? feeds[name] ?? state[name.replace(/^loop\./, '')];
    if (content) given[name] = content;
  }
  if (elementTypes.has('loop.iteration')) given['loop.iteration'] = int64([], [row]);
  if (elementTypes.has('loop.condition')) given['loop.condition'] = tensor('bool', [], Uint8Array.of(1));
  for (const [name, { dtype, data }] of Object.entries(given)) {
    if (dtype === 'float32' && (data as Float32Array).some(Number.isNaN)) return `the input ${name} holds NaN`;
  }
  const probed = graph.node.filter(isProbed);
  const [missing, infinite] = ['missing', 'infinite'].map((name) => `limn.${name}`) as [string, string];
  graph.node.push(...probes(probed, 'IsNaN', missing), ...probes(probed, 'IsInf', infinite));
  graph.initializer.push(create(TensorProtoSchema, { name: 'limn.zero', dataType: 7, dims: [1n], int64Data: [0n] }));
  graph.output = [missing, infinite].map((name) => create(ValueInfoProtoSchema, { name }));
  const session = await Session.open(toBinary(ModelProtoSchema, { ...outer, graph }), { label: 'failed step', device });
  try {
    const found = await session.run(given, { fetch: [missing, infinite] });
    const firstOf = (name: string) => {
      const flags = (found[name] as Tensor<'float32'>).data;
      return probed[flags.findIndex((flag) => flag > 0)];
    };
    const nan = firstOf(missing);
    if (nan) return `the first NaN comes from ${nameOf(nan)}`;
    const infinity = firstOf(infinite);
    return infinity && `no NaN arises, and the first infinite number comes from ${nameOf(infinity)}`;
  } finally {
    await session.close();
  }
}

/** A graph whose steps are the rounds of a Loop becomes one round. */
function flatGraph(outer: GraphProto): GraphProto {
  const loop = outer.node.find(({ opType }) => opType === 'Loop');
  const body = loop?.attribute.find(({ name }) => name === 'body')?.g;
  if (!body) return outer;
  const inside = new Set(body.input.map(({ name }) => name));
  return {
    ...body,
    input: [...body.input, ...outer.input.filter(({ name }) => !inside.has(name))],
    initializer: [...outer.initializer, ...body.initializer],
    node: [
      ...outer.node.filter((node) => node !== loop && node.input.every((name) => !loop?.output.includes(name))),
      ...body.node,
    ],
  };
}

const isProbed = ({ opType, output, attribute }: NodeProto) =>
  output[0] !== undefined &&
  !notFloat.has(opType) &&
  opType !== 'If' &&
  !(opType === 'Cast' && attribute.some(({ name, i }) => name === 'to' && i !== 1n));

/** One vector with a number for each node: above 0 where its first output has what `test` looks for. */
function probes(nodes: readonly NodeProto[], test: string, result: string): NodeProto[] {
  const node = (opType: string, input: string[], output: string, attributes: [string, bigint][] = []) =>
    create(NodeProtoSchema, {
      opType,
      input,
      output: [output],
      attribute: attributes.map(([name, i]) => ({ name, i, type: 2 })),
    });
  const made = nodes.flatMap(({ output }, i) => {
    const at = (what: string) => `${result}.${i}.${what}`;
    return [
      // Integers pass as numbers, in which nothing is missing.
      node('Cast', [output[0] as string], at('number'), [['to', 1n]]),
      node(test, [at('number')], at('flags')),
      node('Cast', [at('flags')], at('counted'), [['to', 1n]]),
      node('ReduceMax', [at('counted')], at('any'), [['keepdims', 0n]]),
      node('Unsqueeze', [at('any'), 'limn.zero'], at('row')),
    ];
  });
  return [
    ...made,
    node(
      'Concat',
      nodes.map((_, i) => `${result}.${i}.row`),
      result,
      [['axis', 0n]],
    ),
  ];
}

/** `Softmax (/encoder/layers.3/Softmax)`, or by its result where it is of no file. */
function nameOf({ opType, name, output }: NodeProto): string {
  return `${opType} (${name.replace(/#[^#]*$/, '') || output[0]})`;
}
