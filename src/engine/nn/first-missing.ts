/**
 * Finds where the first NaN of a training step arises: the training graph with, for every float value, a sum that says whether
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

const smallScale = 'limn.small-scale';

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
  const sums = probes(probed);
  graph.node.push(...sums.nodes);
  // So many numbers of any size, scaled by this, have a finite sum.
  graph.initializer.push(create(TensorProtoSchema, { name: smallScale, dataType: 1, floatData: [2 ** -60] }));
  graph.output = sums.outputs.map((name) => create(ValueInfoProtoSchema, { name }));
  const probing = toBinary(ModelProtoSchema, { ...outer, graph });
  const session = await Session.open(probing, { label: 'failed step', device });
  try {
    const found = await session.run(given, { fetch: sums.outputs });
    const firstOf = (is: (sum: number) => boolean) =>
      probed.find((_, i) => is(found[sums.outputs[i] as string]?.data[0] as number));
    const nan = firstOf(Number.isNaN);
    if (nan) return `the first NaN comes from ${nameOf(nan)}`;
    const infinity = firstOf((sum) => sum === Number.POSITIVE_INFINITY);
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

/** For each node, a sum over its first output: NaN where that holds NaN, else infinite where it holds an infinite number, else a number. */
function probes(nodes: readonly NodeProto[]): { nodes: NodeProto[]; outputs: string[] } {
  const node = (opType: string, input: string[], output: string, attribute: [name: string, i: bigint][] = []) =>
    create(NodeProtoSchema, {
      opType,
      input,
      output: [output],
      attribute: attribute.map(([name, i]) => ({ name, i, type: 2 })),
    });
  const at = (i: number, what: string) => `limn.${i}.${what}`;
  return {
    nodes: nodes.flatMap(({ output }, i) => [
      // Integers pass as numbers, in which nothing is missing.
      node('Cast', [output[0] as string], at(i, 'number'), [['to', 1n]]),
      node('Mul', [at(i, 'number'), smallScale], at(i, 'small')),
      node('ReduceL1', [at(i, 'small')], at(i, 'sum'), [['keepdims', 0n]]),
    ]),
    outputs: nodes.map((_, i) => at(i, 'sum')),
  };
}

/** `Softmax (/encoder/layers.3/Softmax)`, or by its result where it is of no file. */
function nameOf({ opType, name, output }: NodeProto): string {
  return `${opType} (${name.replace(/#[^#]*$/, '') || output[0]})`;
}
