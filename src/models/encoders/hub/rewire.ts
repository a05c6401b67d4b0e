/**
 * Reads the graph of an ONNX encoder, and exposes its last hidden state where the file gives the embedding alone.
 *
 * The hidden state is found backwards from the embedding: it is what the pooled token is taken from. The file is not written
 * anew: protobuf merges messages that follow one another, so a copy with a few bytes after it is a file with another output.
 */
import { constants } from 'node:fs';
import { appendFile, copyFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LimnError, messageOf } from '../../../core/errors.js';
import { readRegularFile } from '../../../core/regular-file.js';
import { standInFor } from '../../../core/stand-in.js';
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../../engine/graph/proto/onnx_pb.js';
import { findExternalData } from './external-data.js';
import { beforeForms, hiddenStates } from './hidden-states.js';

export interface EncoderGraph {
  /** The file to run: the one given, or one beside it that exposes more. */
  file: string;
  inputs: GraphInput[];
  outputs: { local: string; global: string };
  /** Names of files beside it that hold its weights. */
  externalData: string[];
}

export interface GraphInput {
  name: string;
  /** An ONNX number: 1 float32, 6 int32, 7 int64, 10 float16. */
  elementType: number;
  /** Undefined for an extent that is not fixed. */
  shape: (number | undefined)[];
}

/** What a file says of itself. */
export interface Inspection {
  file: string;
  opset: number;
  inputs: GraphInput[];
  outputs: GraphInput[];
  externalData: string[];
  /** The precision of most of its weights. */
  precision: 'fp32' | 'fp16' | 'q8';
  /** Where the file names none: values that the local features may be, the likeliest first, some in forms that do not fit. */
  hidden: string[];
  /** The values that local and global features are taken from, where they are found. */
  local?: string;
  global?: string;
}

const [float32, float16] = [1, 10];
/** int32 and int64. */
export const integers: readonly number[] = [6, 7];
const localOutputs = ['last_hidden_state', 'token_embeddings'];
/** Names of embeddings, the best first: projected into the space that pictures and texts share, or only pooled. */
const globalOutputs = ['image_embeds', 'text_embeds', 'sentence_embedding', 'pooler_output'];
/** Outputs that are no features. */
const noFeature = /logits|scores|boxes|loss|attentions?$|past_key|present/i;

/**
 * Finds what an ONNX file takes and gives, and where its features are.
 *
 * @throws LimnError ENCODER for a file that is no ONNX model or lacks its external data
 */
export async function inspectEncoder(file: string): Promise<Inspection> {
  const { graph, opsetImport } = await readModel(file);
  const externalData = findExternalData(file, graph);
  const outputs = graph.output.map(describeValue);
  const named = new Map(outputs.map((output) => [output.name, output]));
  const global =
    globalOutputs.find((name) => named.has(name)) ??
    outputs.find(({ name, shape }) => shape.length === 2 && !noFeature.test(name) && !localOutputs.includes(name))?.name;
  const places = outputs.filter(({ name, shape }) => name !== global && shape.length > 2 && !noFeature.test(name));
  const given = localOutputs.find((name) => named.has(name)) ?? (places.length === 1 ? places[0]?.name : undefined);
  const hidden = given !== undefined || global === undefined ? [] : hiddenStates(graph, global);
  const local = given ?? (hidden[0] === undefined ? undefined : beforeForms(graph, hidden[0]));
  const opset = Number(opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  return {
    file,
    opset,
    inputs: graphInputs(graph),
    outputs,
    externalData,
    precision: precisionOf(graph),
    hidden,
    ...(local === undefined ? {} : { local }),
    ...(global === undefined ? {} : { global }),
  };
}

/** Whether a value is none that the file gives. */
export const isInside = ({ outputs }: Inspection, value: string): boolean => !outputs.some(({ name }) => name === value);

/** How a feature is made of a value of the graph. */
export interface Feature {
  from: string;
  /** (N, C, 1, 1) and the like to (N, C). */
  flatten?: boolean;
  /** The order of the axes, where it is another. */
  transpose?: readonly number[];
  /** The vector at this place of axis 1. */
  token?: number;
  /** The mean over these axes, of what is left of axis 1 from `skip` on. */
  mean?: { axes: readonly number[]; skip?: number };
  /** The mean over axis 1 where this input, (N, tokens), is 1. */
  maskedBy?: string;
}

/**
 * Makes both features float32 outputs: those of the file as they are, where they will do, or a copy's beside it.
 *
 * @throws LimnError IO when the copy cannot be written
 */
export async function exposeFeatures(
  inspection: Inspection,
  features: { local: Feature; global: Feature },
): Promise<EncoderGraph> {
  const { file, inputs, outputs, externalData, opset } = inspection;
  const usable = ({ from, ...steps }: Feature) =>
    Object.keys(steps).length === 0 && outputs.some(({ name, elementType }) => name === from && elementType === float32);
  const exposed = {
    local: usable(features.local) ? features.local.from : 'limn_local',
    global: usable(features.global) ? features.global.from : 'limn_global',
  };
  const made = (['local', 'global'] as const).filter((which) => exposed[which] !== features[which].from);
  if (made.length === 0) return { file, inputs, outputs: exposed, externalData };
  const nodes = made.flatMap((which) => featureNodes(features[which], exposed[which], opset));
  const graph = create(GraphProtoSchema, {
    node: nodes,
    output: made.map((which) =>
      create(ValueInfoProtoSchema, { name: exposed[which], type: { tensorType: { elemType: float32 } } }),
    ),
  });
  const suffix = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
  return { file: await writeWith(file, suffix), inputs, outputs: exposed, externalData };
}

/**
 * The features of a file that gives an embedding and a hidden state, as they are.
 *
 * @param file an ONNX file of a picture or text encoder, as transformers.js lays them out
 * @throws LimnError ENCODER for a file that is no ONNX model, lacks its external data, or gives no embedding or hidden state
 */
export async function readEncoderGraph(file: string): Promise<EncoderGraph> {
  const inspection = await inspectEncoder(file);
  const { local, global } = inspection;
  if (global === undefined) throw noEmbedding(inspection);
  if (local === undefined) throw noHiddenState(inspection);
  return exposeFeatures(inspection, { local: { from: local }, global: { from: global } });
}

export function noEmbedding({ file, outputs }: Inspection): LimnError {
  const found = outputs.map(({ name }) => name);
  return new LimnError(
    'ENCODER',
    found.length === 0
      ? `${file} has no outputs. Export it with its embedding or its last hidden state.`
      : `${file} gives no embedding: its outputs are ${found.join(', ')}, none of image_embeds, text_embeds, pooler_output. Export the model with its projection, or without the head for its task, with its last hidden state.`,
    { details: { file, outputs: found } },
  );
}

export function noHiddenState({ file, global }: Inspection): LimnError {
  return new LimnError(
    'ENCODER',
    `${file} has no output last_hidden_state, and no token is taken from a hidden state before ${global}. Export it with that output.`,
    { details: { file } },
  );
}

/** The name of a file's copy with more outputs. */
function rewiredName(file: string): string {
  return file.replace(/(\.onnx)?$/, '.limn.onnx');
}

async function readModel(file: string): Promise<ModelProto & { graph: GraphProto }> {
  const refuse = (why: string, cause?: unknown) =>
    new LimnError('ENCODER', `${file} is not an ONNX model: ${why}.`, { details: { file }, cause });
  try {
    const bytes = await readRegularFile(file);
    const other = standInFor(bytes);
    if (other) throw refuse(other);
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph && model.graph.node.length > 0) return model as ModelProto & { graph: GraphProto };
    throw new Error('it has no graph');
  } catch (error) {
    throw LimnError.isInstance(error) ? error : refuse(`${messageOf(error)}. Get it again`, error);
  }
}

const quantizing = /^(DequantizeLinear|DynamicQuantize\w+|MatMulInteger\w*|ConvInteger|QLinear\w+|QGemm)$/;

function precisionOf({ node, initializer }: GraphProto): Inspection['precision'] {
  if (node.some(({ opType }) => quantizing.test(opType))) return 'q8';
  const elements = (type: number) =>
    initializer
      .filter(({ dataType }) => dataType === type)
      .reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * Number(b), 1), 0);
  return elements(float16) > elements(float32) ? 'fp16' : 'fp32';
}

function graphInputs(graph: GraphProto): GraphInput[] {
  // Old files list their weights as inputs too.
  const weights = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !weights.has(name)).map((input) => ({ ...describeValue(input), ...openShape(input) }));
}

/** Where a file says nothing of an input's shape: that of images for numbers, that of token ids for integers. */
function openShape({ type }: ValueInfoProto): Pick<GraphInput, 'shape'> | undefined {
  const tensor = type?.tensorType;
  if (!tensor || tensor.shape) return undefined;
  const extents = integers.includes(tensor.elemType) ? 2 : 4;
  return { shape: Array.from({ length: extents }, () => undefined) };
}

function describeValue({ name, type }: ValueInfoProto): GraphInput {
  return {
    name,
    elementType: type?.tensorType?.elemType ?? 0,
    shape: (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => (dimValue ? Number(dimValue) : undefined)),
  };
}

/** The nodes that make a feature, the last of which casts it to float32. */
function featureNodes(feature: Feature, output: string, opset: number): NodeProto[] {
  const nodes: NodeProto[] = [];
  let at = feature.from;
  const add = (opType: string, inputs: string[], attribute: NodeProto['attribute'][number][] = []) => {
    const name = `${output}_${nodes.length}`;
    nodes.push(create(NodeProtoSchema, { opType, input: inputs, output: [name], attribute }));
    return name;
  };
  const ints = (name: string, values: readonly number[]) =>
    create(AttributeProtoSchema, { name, type: 7, ints: values.map(BigInt) });
  const int = (name: string, value: number) => create(AttributeProtoSchema, { name, type: 2, i: BigInt(value) });
  const constant = (values: readonly number[], scalar = false) => {
    const data = Buffer.from(BigInt64Array.from(values, BigInt).buffer);
    const t = create(TensorProtoSchema, { dataType: 7, dims: scalar ? [] : [BigInt(values.length)], rawData: data });
    return add('Constant', [], [create(AttributeProtoSchema, { name: 'value', type: 4, t })]);
  };
  // Axes are attributes before the given operator set and an input from it on.
  const reduce = (opType: string, input: string, axes: readonly number[], since: number, keep = 0) =>
    opset < since
      ? add(opType, [input], [ints('axes', axes), int('keepdims', keep)])
      : add(opType, [input, constant(axes)], [int('keepdims', keep)]);
  const cast = (input: string) => add('Cast', [input], [int('to', float32)]);
  if (feature.transpose) at = add('Transpose', [at], [ints('perm', feature.transpose)]);
  if (feature.flatten) at = add('Flatten', [at], [int('axis', 1)]);
  if (feature.token !== undefined) at = add('Gather', [at, constant([feature.token], true)], [int('axis', 1)]);
  if (feature.mean) {
    const { axes, skip = 0 } = feature.mean;
    if (skip > 0) at = add('Slice', [at, constant([skip]), constant([2 ** 31 - 1]), constant([1])]);
    at = reduce('ReduceMean', cast(at), axes, 18);
  }
  if (feature.maskedBy !== undefined) {
    // (N, 1, tokens) by (N, tokens, channels), over the number of tokens.
    const mask = add('Reshape', [cast(feature.maskedBy), constant([0, 1, -1])]);
    const sum = reduce('ReduceSum', add('MatMul', [mask, cast(at)]), [1], 13);
    at = add('Div', [sum, reduce('ReduceSum', cast(feature.maskedBy), [1], 13, 1)]);
  }
  cast(at);
  (nodes.at(-1) as NodeProto).output = [output];
  return nodes;
}

async function writeWith(file: string, suffix: Uint8Array): Promise<string> {
  const target = rewiredName(file);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  try {
    await copyFile(file, temporary, constants.COPYFILE_FICLONE);
    await appendFile(temporary, suffix, { flush: true });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new LimnError('IO', `Cannot write ${target}: ${messageOf(error)}. Check the disk's free space.`, { cause: error });
  }
  return target;
}
