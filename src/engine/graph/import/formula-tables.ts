/** Tells tables that a formula fills, such as sines of positions, from learned ones. No training arrives at them by chance. */
import type { Tensor } from '../../tensor/tensor.js';

const close = (a: number, b: number, tolerance = 2e-3) => Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

/** 0 here, one very negative number there; or anything that is not finite. */
export function isMask(data: Float32Array): boolean {
  if (data.some((x) => !Number.isFinite(x) || x < -1e30)) return true;
  const low = data.reduce((least, x) => Math.min(least, x), 0);
  return data.length > 1 && low <= -50 && data.every((x) => x === 0 || x === low) && data.includes(0);
}

/** Numbers with equal steps, such as positions, or with equal ratios, such as the frequencies of rotary positions. */
export function isProgression(data: Float32Array): boolean {
  if (data.length < 4) return false;
  const [first, second] = data as unknown as [number, number];
  const step = second - first;
  if (step === 0) return false;
  const steps = data.every((x, i) => close((x - first) / step, i, 1e-4));
  const ratio = second / first;
  return (
    steps || (first > 0 && ratio > 0 && data.every((x, i) => x > 0 && close(Math.log(x / first) / Math.log(ratio), i, 1e-3)))
  );
}

/** Sines and cosines side by side in each row: by turns, or in halves of the row or of its halves. */
export function isSinusoidal({ data, shape }: Tensor): boolean {
  const width = shape.at(-1) ?? 0;
  const values = data as Float32Array;
  if (shape.length < 2 || width < 4 || width % 2 !== 0 || values.length < 2 * width) return false;
  const strides = [1, width / 2, ...(width % 4 === 0 ? [width / 4] : [])];
  return strides.some((stride) => {
    let pairs = 0;
    for (let row = 0; row < values.length; row += width) {
      // A row of zeros stands for a class token or padding.
      if (values.subarray(row, row + width).every((x) => x === 0)) continue;
      for (let i = 0; i < width; i++) {
        if (Math.floor(i / stride) % 2 === 1) continue;
        if (!close((values[row + i] as number) ** 2 + (values[row + i + stride] as number) ** 2, 1)) return false;
        pairs++;
      }
    }
    return pairs > width;
  });
}

/** A table of cosines whose sines are another table, place by place. */
export function areCosineAndSine(a: Float32Array, b: Float32Array): boolean {
  return a.length >= 8 && a.every((x, i) => close(x ** 2 + (b[i] as number) ** 2, 1)) && a.some((x) => Math.abs(x) < 0.99);
}

/** Columns that are waves of the row: each value and the one two rows before add up to the one between them times a constant. */
export function isWaves({ data, shape }: Tensor): boolean {
  const width = shape.at(-1) ?? 0;
  const values = data as Float32Array;
  const rows = values.length / width;
  if (shape.length < 2 || width < 4 || !(rows >= 6)) return false;
  const at = (row: number, column: number) => values[row * width + column] as number;
  let waves = 0;
  for (let column = 0; column < width; column++) {
    const middle = Math.abs(at(1, column)) > Math.abs(at(2, column)) ? 1 : 2;
    if (Math.abs(at(middle, column)) < 1e-6) continue;
    const factor = (at(middle - 1, column) + at(middle + 1, column)) / at(middle, column);
    for (let row = 1; row + 1 < rows; row++) {
      if (!close(at(row - 1, column) + at(row + 1, column), factor * at(row, column), 1e-4)) return false;
    }
    if (!close(at(0, column), at(1, column), 1e-6)) waves++;
  }
  return waves >= width / 4;
}

/** A blur or the like: the same kernel for every channel. */
export function isFixedFilter({ data, shape }: Tensor): boolean {
  const [channels = 0] = shape;
  const values = data as Float32Array;
  const size = values.length / channels;
  if (shape.length !== 4 || channels < 4 || !(size > 1)) return false;
  return values.every((x, i) => x === values[i % size]) && values.subarray(0, size).some((x) => x !== values[0]);
}
