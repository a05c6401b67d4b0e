/** Random features in the place of an encoder's, and rows of them as a batch. */
import { type DType, type Random, type Shape, sizeOf, type Tensor, type TypedArrays, tensor } from 'limn/engine';

/** The form of an image's features, with each position's colours. */
export interface FeatureForm {
  kind: 'features';
  tokens: number;
  channels: number;
  globalChannels: number;
  colourChannels: number;
}

/** That of MobileNetV2. */
export const mobileNet: FeatureForm = { kind: 'features', tokens: 49, channels: 1280, globalChannels: 1280, colourChannels: 6 };

/** float16 numbers of 1 to 2 with either sign. */
export const drawHalves = (random: Random, shape: Shape): Tensor<'float16'> =>
  tensor(
    'float16',
    shape,
    Uint16Array.from({ length: sizeOf(shape) }, () => 0x3c00 | (random.uint32() & 0x83ff)),
  );

/** float32 numbers, each what `value` gives. */
export const drawFloats = (shape: Shape, value: (index: number) => number): Tensor<'float32'> =>
  tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
  );

/** Rows of a table as one tensor. @param lead the extents in the place of the table's first one */
export function rowsOf<D extends DType>(table: Tensor<D>, rows: ArrayLike<number>, lead: Shape = [rows.length]): Tensor<D> {
  const { dtype, shape, data } = table;
  const size = sizeOf(shape.slice(1));
  const out = new (data.constructor as new (length: number) => TypedArrays[D])(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    out.set(data.subarray(row * size, (row + 1) * size) as never, i * size);
  }
  return tensor(dtype, [...lead, ...shape.slice(1)], out);
}
