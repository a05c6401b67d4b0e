/** ONNX's numbers of the types of tensors, by the names that people know. */
const names: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

export const typeName = (elementType: number): string => names[elementType] ?? `ONNX type ${elementType}`;
