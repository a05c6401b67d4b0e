/** Tensors of an ONNX file. Half and double precision become float32, which is what limn computes in. */
import { LimnError, messageOf } from '../../../core/errors.js';
import { fromFloat16 } from '../../tensor/float16.js';
import { bytesPerElement, type DType, newArray, sizeOf, type Tensor, tensor } from '../../tensor/tensor.js';
import { dtypeOf, elementTypeName } from '../element-types.js';
import type { TensorProto } from '../proto/onnx_pb.js';

/** Reads a stretch of a file that lies beside the model; `location` is relative to the model's folder. */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array;

const double = 11;
const bfloat16 = 16;
const external = 1;
/** uint8 and int8. */
const quantized = [2, 3];

/** The dtype that limn computes an ONNX element type in; undefined for one it cannot. */
export function computedDtype(elementType: number): DType | undefined {
  const dtype = dtypeOf(elementType);
  return dtype === 'float16' || elementType === double || elementType === bfloat16 ? 'float32' : dtype;
}

/** Whether the values lie beside the file. */
export const isExternal = ({ dataLocation }: TensorProto) => dataLocation === external;

/** @throws LimnError ENCODER for sizes and contents that do not fit each other, GRAPH_UNSUPPORTED for other element types */
export function readTensor(proto: TensorProto, externalData?: ExternalData): Tensor {
  const { dataType } = proto;
  const name = messageOf(proto.name || 'a constant');
  const wrong = (what: string, cause?: unknown) =>
    new LimnError('ENCODER', `The ONNX file is broken at tensor ${name}: ${what}. Use another copy of it.`, { cause });
  const dtype = computedDtype(dataType);
  if (!dtype) {
    throw new LimnError(
      'GRAPH_UNSUPPORTED',
      `Tensor ${name} of the ONNX file has elements of ${elementTypeName(dataType)}, ${quantized.includes(dataType) ? 'as quantised models do, ' : ''}which limn cannot compute with: export the model in float32.`,
    );
  }
  const shape = proto.dims.map(Number);
  const size = sizeOf(shape);
  if (shape.some((extent) => !Number.isSafeInteger(extent) || extent < 0) || !Number.isSafeInteger(size * 8))
    throw wrong(`its shape [${shape}] is not possible`);
  const width = dataType === double ? 8 : dataType === bfloat16 ? 2 : bytesPerElement[dtypeOf(dataType) as DType];
  const raw = isExternal(proto)
    ? readExternal(proto, size * width, externalData, wrong)
    : proto.rawData.length > 0
      ? proto.rawData
      : undefined;
  if (raw) {
    if (raw.length !== size * width) throw wrong(`${raw.length} bytes are not the ${size * width} of its shape [${shape}]`);
    return tensor(dtype, shape, fromBytes(raw, dataType, dtype));
  }
  const listed: ArrayLike<number | bigint> =
    { 1: proto.floatData, 7: proto.int64Data, 11: proto.doubleData }[dataType] ?? proto.int32Data;
  if (listed.length !== size) throw wrong(`it holds ${listed.length} values, not the ${size} of its shape [${shape}]`);
  return tensor(dtype, shape, fromNumbers(listed, dataType, dtype));
}

function fromBytes(raw: Uint8Array, dataType: number, dtype: DType) {
  const own = new Uint8Array(raw).buffer;
  if (dataType === double) return Float32Array.from(new Float64Array(own));
  if (dataType === bfloat16) return Float32Array.from(new Uint16Array(own), widened);
  if (dtypeOf(dataType) === 'float16') return fromFloat16(new Uint16Array(own));
  const data = newArray(dtype, own.byteLength / bytesPerElement[dtype], own);
  return dtype === 'bool' ? (data as Uint8Array).map((value) => (value ? 1 : 0)) : data;
}

function fromNumbers(listed: ArrayLike<number | bigint>, dataType: number, dtype: DType) {
  if (dtype === 'int64') return BigInt64Array.from(listed as ArrayLike<bigint>);
  const numbers = listed as ArrayLike<number>;
  if (dataType === bfloat16) return Float32Array.from(numbers, widened);
  if (dtypeOf(dataType) === 'float16') return fromFloat16(Uint16Array.from(numbers));
  if (dtype === 'float32') return Float32Array.from(numbers);
  return dtype === 'bool' ? Uint8Array.from(numbers, (value) => (value ? 1 : 0)) : Int32Array.from(numbers);
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** A bfloat16 is the upper half of a float32. */
function widened(half: number): number {
  bits[0] = half << 16;
  return float[0] as number;
}

function readExternal(
  proto: TensorProto,
  size: number,
  externalData: ExternalData | undefined,
  wrong: (what: string, cause?: unknown) => LimnError,
): Uint8Array {
  const entries = Object.fromEntries(proto.externalData.map(({ key, value }) => [key, value]));
  const { location = '' } = entries;
  const [offset, length] = [Number(entries.offset ?? 0), Number(entries.length ?? size)];
  if (!/^[^/\\:]/.test(location) || location.split(/[/\\]/).includes('..') || /[\0:]/.test(location)) {
    throw wrong(`its values are to be read from "${location}", which is not a file in the model's folder`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== size)
    throw wrong(`${entries.length} bytes from ${entries.offset} of ${location} are not the ${size} of its shape`);
  if (!externalData) throw wrong(`its values lie in ${location}, beside the model, and only the model was given`);
  try {
    return externalData(location, offset, length);
  } catch (error) {
    throw wrong(`its values could not be read from ${location} (${messageOf(error)})`, error);
  }
}
