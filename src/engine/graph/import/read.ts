/** Reads ONNX files. */
import { fromBinary } from '@bufbuild/protobuf';
import { LimnError, messageOf } from '../../../core/errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type ModelProto, ModelProtoSchema, type ValueInfoProto } from '../proto/onnx_pb.js';
import { broken, type FileGraph, readGraph } from './file-graph.js';
import { type FileInput, ImportedModel } from './model.js';
import { computedDtype, type ExternalData } from './tensors.js';

export interface ReadModelOptions {
  /** Reads values that the model keeps in files beside it. @default such a model is an error */
  externalData?: ExternalData;
}

/** Before 7, operators broadcast by attributes; after 25, nothing is known here. */
const [oldestOpset, newestOpset] = [7, 25];

/**
 * Reads an ONNX file for {@link ImportedModel.splice}.
 *
 * @param bytes the whole file; what is kept of it is copied
 * @throws LimnError ENCODER for bytes that are no ONNX file, and for one that is cut short or contradicts itself
 * @throws LimnError GRAPH_UNSUPPORTED for an operator set or element type that limn does not know
 */
export function readModel(bytes: Uint8Array, options: ReadModelOptions = {}): ImportedModel {
  const proto = decode(bytes);
  const named = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  // A file may use other domains alone: their operators are named when it is imported.
  const opset = named === undefined ? (proto.opsetImport.length > 0 ? newestOpset : 0) : Number(named);
  if (!proto.graph || proto.graph.output.length === 0 || opset === 0) {
    throw new LimnError('ENCODER', `These ${bytes.length} bytes are not an ONNX model, or are cut short. Use another copy.`);
  }
  if (opset < oldestOpset || opset > newestOpset) {
    throw new LimnError(
      'GRAPH_UNSUPPORTED',
      `The ONNX file uses operator set ${opset}, and limn reads ${oldestOpset} to ${newestOpset}: export it with opset 20.`,
      { details: { opset } },
    );
  }
  const initializers = new Set(proto.graph.initializer.map(({ name }) => name));
  // Files of IR version 3 list their initializers as inputs too.
  const inputs = proto.graph.input.filter(({ name }) => !initializers.has(name)).map(readInput);
  const graph = readGraph(
    proto.graph,
    options.externalData,
    inputs.map(({ name }) => name),
  );
  const made = new Set([
    ...graph.tensors.keys(),
    ...inputs.map(({ name }) => name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const missing = graph.outputs.find((name) => !made.has(name));
  if (missing !== undefined) throw broken(`nothing in it makes its output ${missing}`);
  return new ImportedModel(inputs, opset, graph, weightsOf(graph, initializers));
}

function decode(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new LimnError(
      'ENCODER',
      `These ${bytes.length} bytes are not an ONNX model, or are cut short (${messageOf(error)}). Use another copy.`,
      { cause: error },
    );
  }
}

function readInput({ name, type }: ValueInfoProto): FileInput {
  const dtype = computedDtype(type?.tensorType?.elemType ?? 0);
  if (!dtype)
    throw new LimnError('GRAPH_UNSUPPORTED', `Input ${name} of the ONNX file is not a tensor of numbers that limn uses.`);
  const dims = type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) =>
    dimValue !== undefined && dimValue > 0n ? Number(dimValue) : (dimParam ?? ''),
  );
  return { name, dtype, dims };
}

/** Where an operator takes a number that is a setting or a running statistic, not a weight: by its input positions. */
const settings: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  Clip: [1, 2],
  Pad: [2],
  Pow: [1],
  Range: [0, 1, 2],
  Where: [0, 1, 2],
};

/**
 * The float initializers that can be trained. Left out are settings and running statistics by their use, what is named a
 * constant, and of what exporters named scalars and attention masks (by a number beyond 1e4).
 *
 * Exporters keep equal initializers once and name the others as copies of it; a copy is a weight of its own.
 */
function weightsOf(graph: FileGraph, initializers: ReadonlySet<string>): Map<string, Tensor> {
  const used = new Set<string>();
  const set = new Set<string>();
  for (const { type, inputs } of graph.nodes.filter((node) => node.type !== 'Identity')) {
    for (const [i, name] of inputs.entries()) (settings[type]?.includes(i) ? set : used).add(name);
  }
  const weights = new Map<string, Tensor>();
  const take = (name: string, content: Tensor | undefined) => {
    if (content?.dtype !== 'float32' || set.has(name) || !used.has(name)) return;
    if (/^_?const/i.test(name)) return;
    const data = content.data as Float32Array;
    if (isMadeUp(name) && (data.length < 2 || data.some((x) => !(Math.abs(x) < 1e4)))) return;
    weights.set(name, content);
  };
  for (const name of initializers) take(name, graph.tensors.get(name));
  for (const { type, inputs, outputs } of graph.nodes) {
    const source = inputs[0] as string;
    if (type === 'Identity' && initializers.has(source)) take(outputs[0] as string, graph.tensors.get(source));
  }
  return weights;
}

/** Names of PyTorch's modules have dots, `logit_scale` and the like are words; exporters make up the others. */
export function isMadeUp(name: string): boolean {
  return name.startsWith('/') || name.includes('::') || !/^([a-z_]+|.*\..*)$/i.test(name) || /^_?val/.test(name);
}
