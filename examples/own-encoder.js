/** An image encoder of one's own, in plain JavaScript: the mean colours of 4 x 4 cells, and those of the whole image. */
import { defineEncoder } from 'limn';

const size = 32;
const side = 4;
const cells = side * side;

/** Means of red, green and blue over the pixels that `isIn` keeps, from -1 to 1. */
function meanColour(image, isIn) {
  const sums = [0, 0, 0, 0];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (!isIn(x, y)) continue;
      for (let c = 0; c < 3; c++) sums[c] += image[3 * (y * size + x) + c];
      sums[3]++;
    }
  }
  return sums.slice(0, 3).map((sum) => sum / sums[3] / 127.5 - 1);
}

export default defineEncoder({
  id: 'colour-grid',
  description: 'mean colours of 4 x 4 cells',
  async open() {
    return {
      // Cached features are kept by this id, and models remember it: change it whenever the numbers change.
      id: '1',
      local: { tokens: cells, channels: 3 },
      global: { channels: 3 },
      // How images are decoded for `encode`: (size, size, 3) bytes, the whole image with a border.
      image: { size, fit: 'contain' },
      async encode(images) {
        const local = images.flatMap((image) =>
          Array.from({ length: cells }, (_, cell) =>
            meanColour(image, (x, y) => Math.floor(y / 8) * side + Math.floor(x / 8) === cell),
          ).flat(),
        );
        const global = images.flatMap((image) => meanColour(image, () => true));
        return { local: Float32Array.from(local), global: Float32Array.from(global) };
      },
    };
  },
});
