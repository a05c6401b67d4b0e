/** Reads ONNX files. */
import { fromBinary } from '@bufbuild/protobuf';
import { LimnError, messageOf } from '../../../core/errors.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type ModelProto, ModelProtoSchema, type ValueInfoProto } from '../proto/onnx_pb.js';
import { exportNotes } from './export-notes.js';
import { broken, readGraph } from './file-graph.js';
import { FileTensors, type ModelFile } from './file-tensors.js';
import { type FileInput, ImportedModel } from './model.js';
import { type ParameterChoice, parametersOf } from './parameters.js';
import { computedDtype, type ExternalData } from './tensors.js';
import { unfold } from './unfold.js';

export interface ReadModelOptions extends ParameterChoice {
  /** Reads values that the model keeps in files beside it. @default such a model is an error */
  externalData?: ExternalData;
  /** Where large tensors are read again when their numbers are wanted, in place of being kept in memory. @default they are kept */
  file?: ModelFile;
}

/** Before 7, operators broadcast by attributes; after 25, nothing is known here. */
const [oldestOpset, newestOpset] = [7, 25];

/**
 * Reads an ONNX file for {@link ImportedModel.splice}.
 *
 * @param bytes the whole file; what is kept of it is copied
 * @throws LimnError ENCODER for bytes that are no ONNX file, and for one that is cut short or contradicts itself
 * @throws LimnError CONFIG for a name in `trained` or `frozen` that the file does not have
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
  const files = new FileTensors(bytes, options.externalData, options.file);
  const graph = readGraph(
    proto.graph,
    (initializer) => files.read(initializer),
    inputs.map(({ name }) => name),
  );
  const made = new Set([
    ...graph.tensors.keys(),
    ...inputs.map(({ name }) => name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const missing = graph.outputs.find((name) => !made.has(name));
  if (missing !== undefined) throw broken(`nothing in it makes its output ${missing}`);
  const { graph: unfolded, notes, initializers: parts } = unfold(graph, initializers, exportNotes(proto.graph));
  const { weights, fixed } = parametersOf(unfolded, parts, notes, options);
  const origins = new Map([...weights.keys()].map((name) => [name, notes.originOf(name)] as const));
  const kept = (tensors: ReadonlyMap<string, Tensor>) =>
    new Map([...tensors].map(([name, content]) => [name, files.kept(content)] as const));
  const file = { ...unfolded, tensors: kept(unfolded.tensors) };
  const model = new ImportedModel({ inputs, opset, file, weights: kept(weights), fixed, origins });
  files.release();
  return model;
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
