/** ONNX TensorProto.DataType numbers of the dtypes that limn uses. */
import type { DType } from '../tensor/tensor.js';

export const elementTypes: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 };

/** The dtype of an ONNX number; undefined for one that limn does not use. */
export function dtypeOf(elementType: unknown): DType | undefined {
  return (Object.keys(elementTypes) as DType[]).find((dtype) => elementTypes[dtype] === elementType);
}
