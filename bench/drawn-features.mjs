/** Random features in the place of an encoder's, and rows of them as a batch. */
import { sizeOf } from '../dist/engine/tensor/tensor.js';

/** The form of MobileNetV2's features, with each place's colours. */
export const mobileNet = { kind: 'features', tokens: 49, channels: 1280, globalChannels: 1280, colourChannels: 6 };

/** float16 numbers of 1 to 2 with either sign. */
export const drawHalves = (random, shape) => ({
  dtype: 'float16',
  shape,
  data: Uint16Array.from({ length: sizeOf(shape) }, () => 0x3c00 | (random.uint32() & 0x83ff)),
});

/** float32 numbers, each what `value` gives. */
export const drawFloats = (shape, value) => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, value),
});

/** Rows of a table as one tensor. @param lead the extents in the place of the table's first one */
export function rowsOf({ dtype, shape, data }, rows, lead = [rows.length]) {
  const size = sizeOf(shape.slice(1));
  const out = new data.constructor(rows.length * size);
  rows.forEach((row, i) => {
    out.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
  return { dtype, shape: [...lead, ...shape.slice(1)], data: out };
}
