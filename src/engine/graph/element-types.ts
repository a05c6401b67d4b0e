/** ONNX TensorProto.DataType numbers of the dtypes that limn uses. */
import type { DType } from '../tensor/tensor.js';

export const elementTypes: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 };

/** The dtype of an ONNX number; undefined for one that limn does not use. */
export function dtypeOf(elementType: unknown): DType | undefined {
  return (Object.keys(elementTypes) as DType[]).find((dtype) => elementTypes[dtype] === elementType);
}

/** The names of the types that limn does not use, as people know them. */
const otherNames: Readonly<Record<number, string>> = { 2: 'uint8', 3: 'int8', 8: 'string', 11: 'float64', 16: 'bfloat16' };

/** The name of an ONNX number, for messages. */
export function elementTypeName(elementType: number): string {
  return dtypeOf(elementType) ?? otherNames[elementType] ?? `ONNX type ${elementType}`;
}
