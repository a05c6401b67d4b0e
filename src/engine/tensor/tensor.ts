/** Typed buffers with a shape, row-major. The dtypes are those that limn's graphs exchange with ONNX Runtime. */
import { LimnError } from '../../core/errors.js';

/** The extents of the axes; [] is a scalar. */
export type Shape = readonly number[];
/** The element types that limn computes with. */
export type DType = 'float32' | 'float16' | 'int64' | 'int32' | 'bool';

/** The array that holds the elements of each type. */
export interface TypedArrays {
  /** Single precision. */
  float32: Float32Array;
  /** Raw IEEE 754 binary16 bits; see float16.ts. */
  float16: Uint16Array;
  /** 64-bit integers. */
  int64: BigInt64Array;
  /** 32-bit integers. */
  int32: Int32Array;
  /** One byte each, 0 or 1. */
  bool: Uint8Array;
}

/** Elements with a shape, in row-major order. */
export interface Tensor<D extends DType = DType> {
  /** The type of the elements. */
  readonly dtype: D;
  /** The extents of the axes. */
  readonly shape: Shape;
  /** The elements, the last axis fastest. */
  readonly data: TypedArrays[D];
}

/** A tensor whose elements are read or made whenever they are asked for, and kept by nobody: ask once. */
export class ReadTensor<D extends DType = DType> implements Tensor<D> {
  constructor(
    readonly dtype: D,
    readonly shape: Shape,
    private readonly read: () => TypedArrays[D],
  ) {}

  get data(): TypedArrays[D] {
    return this.read();
  }
}

/** Bytes, which a graph may take and limn does not compute with. */
export interface ByteTensor {
  /** The type of the elements. */
  readonly dtype: 'uint8';
  /** The extents of the axes. */
  readonly shape: Shape;
  /** The elements, the last axis fastest. */
  readonly data: Uint8Array;
}

export const bytesPerElement: Record<DType, number> = { float32: 4, float16: 2, int64: 8, int32: 4, bool: 1 };

const constructors = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const;

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** A tensor over existing data; the length must fit the shape. */
export function tensor<D extends DType>(dtype: D, shape: Shape, data: TypedArrays[D]): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw new LimnError(
      'GRAPH_SHAPE',
      `A ${dtype} tensor of shape [${shape}] needs ${sizeOf(shape)} elements but got ${data.length}.`,
    );
  }
  return { dtype, shape: [...shape], data };
}

/** A tensor of zeros. */
export function zeros<D extends DType>(dtype: D, shape: Shape): Tensor<D> {
  return tensor(dtype, shape, newArray(dtype, sizeOf(shape)));
}

/** A zeroed typed array, or with `buffer` a view of it. */
export function newArray<D extends DType>(dtype: D, length: number, buffer?: ArrayBufferLike, byteOffset = 0): TypedArrays[D] {
  const TypedArray = constructors[dtype] as unknown as new (
    b: ArrayBufferLike | number,
    o?: number,
    l?: number,
  ) => TypedArrays[D];
  return buffer === undefined ? new TypedArray(length) : new TypedArray(buffer, byteOffset, length);
}

/** A float32 tensor from numbers, which are rounded. */
export function float32(shape: Shape, values: ArrayLike<number>): Tensor<'float32'> {
  return tensor('float32', shape, new Float32Array(values));
}

/** An int64 tensor from whole numbers. */
export function int64(shape: Shape, values: ArrayLike<number>): Tensor<'int64'> {
  return tensor('int64', shape, BigInt64Array.from(Array.from(values, (v) => BigInt(v))));
}

/** A whole number as a double; one that a double cannot hold becomes the nearest that it can, +-(2^53 - 1). */
export function wholeOf(value: number | bigint): number {
  if (typeof value === 'number') return value;
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}

/** A float32 scalar of shape []. */
export function scalar(value: number): Tensor<'float32'> {
  return float32([], [value]);
}

/** The raw bytes of a tensor, without a copy. */
export function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
