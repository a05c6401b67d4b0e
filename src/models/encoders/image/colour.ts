/** Mean and deviation of R, G, B, which encoders trained for kinds of things tend to lose. */

/** Six numbers for each place: the means of R, G, B and their deviations, colours from 0 to 1. */
export const colourChannels = 6;

/** Where statistics are written: those of the cell in (row, column) at `at + (row * grid + column) * stride`. */
export interface StatisticsPlace {
  out: Float32Array;
  at?: number;
  stride?: number;
}

/**
 * Colour statistics of a picture's grid cells. Cell i of `grid` covers the pixels from floor(i size / grid) to
 * floor((i + 1) size / grid); a grid of 1 gives the whole picture's.
 *
 * @param image (size, size, 3) RGB, 0 to 255
 * @param whole where the whole picture's go too. @default nowhere
 */
export function colourStatistics(
  image: Uint8Array,
  size: number,
  grid: number,
  { out, at = 0, stride = colourChannels }: StatisticsPlace,
  whole?: StatisticsPlace,
): void {
  const all = new Float64Array(colourChannels);
  const sums = new Float64Array(colourChannels);
  for (let row = 0; row < grid; row++) {
    const [top, bottom] = [Math.floor((row * size) / grid), Math.floor(((row + 1) * size) / grid)];
    for (let column = 0; column < grid; column++) {
      const [left, right] = [Math.floor((column * size) / grid), Math.floor(((column + 1) * size) / grid)];
      sums.fill(0);
      for (let y = top; y < bottom; y++) addRow(image, (y * size + left) * 3, (y * size + right) * 3, sums);
      writeStatistics(sums, (bottom - top) * (right - left), out, at + (row * grid + column) * stride);
      // Whole-number sums are exact, so those of the cells add up to the picture's.
      for (let i = 0; i < colourChannels; i++) all[i]! += sums[i] as number;
    }
  }
  if (whole) writeStatistics(all, size * size, whole.out, whole.at ?? 0);
}

/** Adds the colours of pixels, and their squares. */
function addRow(image: Uint8Array, from: number, end: number, sums: Float64Array): void {
  let [r, g, b, rr, gg, bb] = [0, 0, 0, 0, 0, 0];
  for (let i = from; i < end; i += 3) {
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
  [r, g, b, rr, gg, bb].forEach((sum, i) => {
    sums[i]! += sum;
  });
}

function writeStatistics(sums: Float64Array, pixels: number, out: Float32Array, at: number): void {
  const n = Math.max(1, pixels);
  for (let channel = 0; channel < 3; channel++) {
    const [sum, squares] = [sums[channel] as number, sums[3 + channel] as number];
    out[at + channel] = sum / n / 255;
    // The difference of whole numbers loses nothing.
    out[at + 3 + channel] = Math.sqrt(Math.max(0, n * squares - sum * sum)) / n / 255;
  }
}
