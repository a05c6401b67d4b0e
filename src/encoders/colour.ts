/** Mean and deviation of R, G, B, which encoders trained for kinds of things tend to lose. */

/** Six numbers for each place: the means of R, G, B and their deviations, colours from 0 to 1. */
export const colourChannels = 6;

/** Where statistics are written to. */
export interface ColourTarget {
  out: Float32Array;
  /** @default 0 */
  offset?: number;
  /** From one cell's numbers to the next one's. @default 6 */
  stride?: number;
}

/**
 * Colour statistics of a picture's grid cells, and of all of it. Cell i of `grid` covers the pixels from floor(i size / grid) to
 * floor((i + 1) size / grid).
 *
 * @param image (size, size, 3) RGB, 0 to 255
 * @param cells receives 6 numbers for cell (row, column) at `offset + (row * grid + column) * stride`
 * @param whole receives 6 numbers for the whole picture at `offset`: those of a grid of 1. @default they are left out
 */
export function colourStatistics(image: Uint8Array, size: number, grid: number, cells: ColourTarget, whole?: ColourTarget): void {
  const { offset = 0, stride = colourChannels } = cells;
  const all = new Float64Array(colourChannels);
  const sums = new Float64Array(colourChannels);
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const [top, bottom] = [Math.floor((row * size) / grid), Math.floor(((row + 1) * size) / grid)];
      const [left, right] = [Math.floor((column * size) / grid), Math.floor(((column + 1) * size) / grid)];
      addUp(image, size, { top, bottom, left, right }, sums);
      write(sums, (bottom - top) * (right - left), cells.out, offset + (row * grid + column) * stride);
      for (let i = 0; i < colourChannels; i++) all[i]! += sums[i] as number;
    }
  }
  if (whole) write(all, size * size, whole.out, whole.offset ?? 0);
}

/** Sums of R, G, B and of their squares over a part of a picture. */
function addUp(
  image: Uint8Array,
  size: number,
  { top, bottom, left, right }: { top: number; bottom: number; left: number; right: number },
  sums: Float64Array,
): void {
  let [r, g, b, rr, gg, bb] = [0, 0, 0, 0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let i = (y * size + left) * 3, end = (y * size + right) * 3; i < end; i += 3) {
      const red = image[i] as number;
      const green = image[i + 1] as number;
      const blue = image[i + 2] as number;
      r += red;
      g += green;
      b += blue;
      rr += red * red;
      gg += green * green;
      bb += blue * blue;
    }
  }
  sums.set([r, g, b, rr, gg, bb]);
}

/** Whole-number sums are exact, so the variance loses nothing by being a difference. */
function write(sums: Float64Array, pixels: number, out: Float32Array, at: number): void {
  const n = Math.max(1, pixels);
  for (let channel = 0; channel < 3; channel++) {
    const [sum, squares] = [sums[channel] as number, sums[3 + channel] as number];
    out[at + channel] = sum / n / 255;
    out[at + 3 + channel] = Math.sqrt(Math.max(0, n * squares - sum * sum)) / n / 255;
  }
}
