/**
 * ONNX files whose weights take less room: kept as binary16 or as whole numbers of one or two bytes, and made float32 again by the first nodes of the
 * graph, which a runtime computes once, when it opens the file. What is computed with is float32 as before.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LimnError } from '../../core/errors.js';
import { toFloat16 } from '../tensor/float16.js';
import { bytesOf, type Tensor } from '../tensor/tensor.js';
import { elementTypes } from './element-types.js';
import { type ExternalData, readTensor } from './import/tensors.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from './proto/onnx_pb.js';

/** The most exact first: int16 takes no more room than float16, and loses less where no weight stands out of its row or column. */
export const weightTypes = ['float32', 'int16', 'float16', 'int8'] as const;
/** How the weights of a file are kept. */
export type WeightType = (typeof weightTypes)[number];

/** Of ONNX. */
const [external, integerAttribute] = [1, 2];
const codeTypes = {
  int8: { dataType: 3, greatest: 127, array: Int8Array },
  int16: { dataType: 5, greatest: 32767, array: Int16Array },
} as const;
/** Smaller tensors save nothing: normalisations, biases, scalars. */
const leastNumbers = 1024;
const greatestHalf = 65504;
/** What protobuf, and browsers, can hold in one piece. */
const mostBytes = 2 ** 31 - 2 ** 20;

/**
 * @param bytes an ONNX file @param externalData reads what lies beside it, which becomes a part of the file
 * @returns one whole file; weights of other types than float32 are as they were
 * @throws LimnError ENCODER for a broken file, USAGE for one of more than 2 GB
 */
export function packWeights(bytes: Uint8Array, type: WeightType, externalData?: ExternalData): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (!graph) throw new LimnError('ENCODER', `These ${bytes.length} bytes are not an ONNX model. Use another copy.`);
  // Files of IR version 3 list initializers as inputs too, and an input may be fed.
  const fed = new Set(graph.input.map(({ name }) => name));
  const made: NodeProto[] = [];
  graph.initializer = graph.initializer.flatMap((tensor) => {
    const whole = tensor.dataLocation === external ? inlined(tensor, externalData) : tensor;
    if (type === 'float32' || whole.dataType !== elementTypes.float32 || fed.has(whole.name)) return [whole];
    const values = readTensor(whole) as Tensor<'float32'>;
    if (values.data.length < leastNumbers) return [whole];
    const packed =
      type !== 'float16' && values.shape.length > 1 ? asCodes(whole.name, values, type) : asHalves(whole.name, values);
    if (!packed) return [whole];
    made.push(...packed.nodes);
    return packed.tensors;
  });
  graph.node = [...made, ...graph.node];
  const size = graph.initializer.reduce((sum, { rawData }) => sum + rawData.length, 0);
  if (size <= mostBytes) return toBinary(ModelProtoSchema, model);
  const message = `The weights of the model take ${(size / 1e9).toFixed(1)} GB, and one file holds 2 GB at most. Keep them in a smaller type.`;
  throw new LimnError('USAGE', message, { details: { bytes: size } });
}

interface Packed {
  tensors: TensorProto[];
  nodes: NodeProto[];
}

function inlined(proto: TensorProto, externalData: ExternalData | undefined): TensorProto {
  const { data, shape, dtype } = readTensor(proto, externalData);
  // Values of other types become what limn computes with, and are of that type from here on.
  return tensorProto(proto.name, shape, elementTypes[dtype], bytesOf({ data } as Tensor));
}

function asHalves(name: string, { data, shape }: Tensor<'float32'>): Packed | undefined {
  if (data.some((value) => Math.abs(value) > greatestHalf)) return undefined;
  const kept = `${name}.float16`;
  const halves = new Uint8Array(toFloat16(data).buffer);
  return { tensors: [tensorProto(kept, shape, elementTypes.float16, halves)], nodes: [cast(kept, name)] };
}

/** With a scale for each row or for each column, whichever loses less. */
function asCodes(name: string, values: Tensor<'float32'>, type: keyof typeof codeTypes): Packed {
  const rank = values.shape.length;
  const [first, last] = [0, rank - 1].map((axis) => quantized(values, axis, type)) as [Quantized, Quantized];
  const { codes, scales, axis } = first.lost <= last.lost ? first : last;
  const [kept, cases, floats] = [`${name}.${type}`, `${name}.scales`, `${name}.codes`];
  const along = values.shape.map((extent, i) => (i === axis ? extent : 1));
  return {
    tensors: [
      tensorProto(kept, values.shape, codeTypes[type].dataType, new Uint8Array(codes.buffer)),
      tensorProto(cases, along, elementTypes.float32, new Uint8Array(scales.buffer)),
    ],
    nodes: [cast(kept, floats), node('Mul', [floats, cases], name)],
  };
}

interface Quantized {
  codes: Int8Array<ArrayBuffer> | Int16Array<ArrayBuffer>;
  scales: Float32Array;
  axis: number;
  /** Sum of squared errors. */
  lost: number;
}

function quantized({ data, shape }: Tensor<'float32'>, axis: number, type: keyof typeof codeTypes): Quantized {
  const { greatest, array: Codes } = codeTypes[type];
  const extent = shape[axis] as number;
  const inner = shape.slice(axis + 1).reduce((product, one) => product * one, 1);
  const placeOf = (i: number) => Math.floor(i / inner) % extent;
  const scales = new Float32Array(extent);
  for (const [i, value] of data.entries())
    scales[placeOf(i)] = Math.max(scales[placeOf(i)] as number, Math.abs(value) / greatest);
  const codes = new Codes(data.length);
  let lost = 0;
  for (const [i, value] of data.entries()) {
    const scale = scales[placeOf(i)] as number;
    codes[i] = scale === 0 ? 0 : Math.round(value / scale);
    lost += (value - (codes[i] as number) * scale) ** 2;
  }
  return { codes, scales, axis, lost };
}

const tensorProto = (name: string, shape: readonly number[], dataType: number, rawData: Uint8Array): TensorProto =>
  create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType, rawData });

const node = (opType: string, input: string[], output: string, attribute: AttributeProto[] = []): NodeProto =>
  create(NodeProtoSchema, { name: `${output}.${opType}`, opType, input, output: [output], attribute });

const cast = (from: string, to: string): NodeProto =>
  node('Cast', [from], to, [
    create(AttributeProtoSchema, { name: 'to', type: integerAttribute, i: BigInt(elementTypes.float32) }),
  ]);
