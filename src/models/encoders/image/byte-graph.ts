/**
 * An encoder's ONNX file with nodes of limn's own around its graph, so that pixels go in as bytes and features come out as binary16, too:
 *
 *     pixels (N, size, size, 3) uint8 - Transpose - Gather (BGR) - Cast - Sub 255 mean - Div 255 std - the file's input
 *     each output of the file - Cast - the output as binary16
 *
 * The file's own names stay. Colours minus a mean of 127.5 are whole halves and lose nothing, so that a mean and a deviation of 0.5 give the
 * bits that normalizedPixels gives; with others the last bit of a float32 may differ.
 */
import { statSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { readRegularFile } from '../../../core/regular-file.js';
import { encodeAttribute, encodeTensor } from '../../../engine/graph/encode.js';
import type { Attributes } from '../../../engine/graph/graph.js';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from '../../../engine/graph/proto/onnx_pb.js';
import { float32, int64, type Tensor } from '../../../engine/tensor/tensor.js';
import type { EncoderDescription } from './description.js';

/** The input of pixels. */
export const bytesInput = 'limn.pixels';
/** An output as binary16. */
export const halfOutput = (output: string): string => `limn.half.${output}`;

/** ONNX element types. */
const [float, uint8, half] = [1, 2, 10];
/** In larger files the graph computes so long that pixels and features do not matter, and a copy in memory does. */
const mostBytes = 64 * 2 ** 20;
/** From here on the operators have the form that they have today. */
const leastOpset = 9;

/** A node between the pixels and the file's input. */
interface Step {
  type: string;
  /** Names of further inputs. */
  constants?: readonly string[];
  attributes?: Attributes;
}

/** The file's model with these nodes; undefined where that is not possible, so that JavaScript does their work. */
export async function byteGraph(description: EncoderDescription, weights: string): Promise<Uint8Array | undefined> {
  const { size: bytes } = statSync(weights, { throwIfNoEntry: false }) ?? {};
  if (bytes === undefined || bytes > mostBytes) return undefined;
  try {
    const model = fromBinary(ModelProtoSchema, await readRegularFile(weights));
    return model.graph && fits(model, model.graph, description) ? wrapped(model, model.graph, description) : undefined;
  } catch {
    // ONNX Runtime says what is wrong with the file.
    return undefined;
  }
}

/** Whether a graph takes exactly what the description says: else ONNX Runtime is to say that it does not. */
function fits({ opsetImport }: ModelProto, graph: GraphProto, description: EncoderDescription): boolean {
  const { input, inputType, outputs, layout, size, batch } = description;
  const opset = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0n;
  const image = graph.input.find(({ name }) => name === input)?.type?.tensorType;
  const extents = layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3];
  const isWeight = graph.initializer.some(({ name, dataLocation }) => name === input || dataLocation !== 0);
  return (
    opset >= leastOpset &&
    !isWeight &&
    image?.elemType === (inputType === 'float16' ? half : float) &&
    image.shape?.dim.length === extents.length &&
    image.shape.dim.every(({ dimValue }, axis) => dimValue === undefined || Number(dimValue) === extents[axis]) &&
    [outputs.local, outputs.global].every((wanted) => graph.output.some(({ name }) => name === wanted))
  );
}

function wrapped(model: ModelProto, graph: GraphProto, description: EncoderDescription): Uint8Array {
  const { input, inputType, outputs, layout, size, batch, mean, std, channelOrder } = description;
  const constant = (name: string, content: Tensor) => {
    graph.initializer.push(encodeTensor(content, name));
    return name;
  };
  const perChannel = (values: readonly number[]) => {
    const ordered = channelOrder === 'BGR' ? [...values].reverse() : values;
    const all = ordered.map((value) => 255 * value);
    return float32(layout === 'NCHW' ? [3, 1, 1] : [3], all);
  };
  const isFirst = layout === 'NCHW';
  const steps: Step[] = [];
  if (isFirst) steps.push({ type: 'Transpose', attributes: { perm: [0, 3, 1, 2] } });
  if (channelOrder === 'BGR') {
    const order = constant('limn.order', int64([3], [2, 1, 0]));
    steps.push({ type: 'Gather', constants: [order], attributes: { axis: isFirst ? 1 : 3 } });
  }
  steps.push({ type: 'Cast', attributes: { to: float } });
  steps.push({ type: 'Sub', constants: [constant('limn.mean', perChannel(mean))] });
  steps.push({ type: 'Div', constants: [constant('limn.deviation', perChannel(std))] });
  if (inputType === 'float16') steps.push({ type: 'Cast', attributes: { to: half } });
  const before = steps.map(({ type, constants = [], attributes = {} }, i) => {
    const [from, to] = [i === 0 ? bytesInput : `limn.step.${i}`, i === steps.length - 1 ? input : `limn.step.${i + 1}`];
    return nodeOf(type, [from, ...constants], to, attributes);
  });
  const names = [...new Set([outputs.local, outputs.global])];
  graph.node = [...before, ...graph.node, ...names.map((name) => nodeOf('Cast', [name], halfOutput(name), { to: half }))];
  const extents = [batch, size, size, 3].map((extent) =>
    extent === undefined ? { dimParam: 'N' } : { dimValue: BigInt(extent) },
  );
  const valueInfo = (name: string, elemType: number, dim?: { dimParam?: string; dimValue?: bigint }[]) =>
    create(ValueInfoProtoSchema, { name, type: { tensorType: { elemType, ...(dim ? { shape: { dim } } : {}) } } });
  graph.input = [...graph.input.filter(({ name }) => name !== input), valueInfo(bytesInput, uint8, extents)];
  graph.output.push(...names.map((name) => valueInfo(halfOutput(name), half)));
  return toBinary(ModelProtoSchema, model);
}

function nodeOf(opType: string, input: string[], output: string, attributes: Attributes): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
  return create(NodeProtoSchema, { name: `limn ${output}`, opType, input, output: [output], attribute });
}
