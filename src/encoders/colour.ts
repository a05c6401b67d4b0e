/** Mean and deviation of R, G, B, which encoders trained for kinds of things tend to lose. */

/** Six numbers for each place: the means of R, G, B and their deviations, colours from 0 to 1. */
export const colourChannels = 6;

/**
 * Colour statistics of a picture's grid cells. Cell i of `grid` covers the pixels from floor(i size / grid) to
 * floor((i + 1) size / grid); a grid of 1 gives the whole picture's.
 *
 * @param image (size, size, 3) RGB, 0 to 255
 * @param out receives 6 numbers for cell (row, column) at `offset + (row * grid + column) * stride`
 */
export function colourStatistics(
  image: Uint8Array,
  size: number,
  grid: number,
  out: Float32Array,
  offset = 0,
  stride = colourChannels,
): void {
  for (let row = 0; row < grid; row++) {
    for (let column = 0; column < grid; column++) {
      const [top, bottom] = [Math.floor((row * size) / grid), Math.floor(((row + 1) * size) / grid)];
      const [left, right] = [Math.floor((column * size) / grid), Math.floor(((column + 1) * size) / grid)];
      let [r, g, b, rr, gg, bb] = [0, 0, 0, 0, 0, 0];
      for (let y = top; y < bottom; y++) {
        for (let i = (y * size + left) * 3, end = (y * size + right) * 3; i < end; i += 3) {
          const [red, green, blue] = [image[i] as number, image[i + 1] as number, image[i + 2] as number];
          r += red;
          g += green;
          b += blue;
          rr += red * red;
          gg += green * green;
          bb += blue * blue;
        }
      }
      // Whole-number sums are exact, so the variance loses nothing by being a difference.
      const n = Math.max(1, (bottom - top) * (right - left));
      const at = offset + (row * grid + column) * stride;
      [r, g, b].forEach((sum, channel) => {
        const squares = [rr, gg, bb][channel] as number;
        out[at + channel] = sum / n / 255;
        out[at + 3 + channel] = Math.sqrt(Math.max(0, n * squares - sum * sum)) / n / 255;
      });
    }
  }
}
