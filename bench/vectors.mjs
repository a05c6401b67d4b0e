/** Vectors to measure stores with. */
import { open } from 'node:fs/promises';
import { Random } from '../dist/core/random.js';

export const width = 512;

/** Numbers near enough to normal ones, with a deviation of 0.577, and fast. */
const noise = (random) => random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2;

/**
 * Two kinds of unit vectors. `groups`: around 2,000 centres, where the nearest ones are all equally far, which is hard for rounded numbers.
 * `spread`: 64 directions of which each varies less than the one before, and a little of all others, which is hard for searches part by part.
 */
export const kinds = {
  groups: () => {
    const centres = 2000;
    const random = new Random(1);
    const around = Float32Array.from({ length: centres * width }, () => random.normal());
    return (random, out, at) => {
      const centre = random.below(centres) * width;
      for (let i = 0; i < width; i++) out[at + i] = around[centre + i] + noise(random);
    };
  },
  spread: () => {
    const directions = 64;
    const random = new Random(1);
    const basis = Float32Array.from({ length: directions * width }, () => random.normal());
    return (random, out, at) => {
      for (let i = 0; i < width; i++) out[at + i] = 0.3 * noise(random);
      for (let k = 0; k < directions; k++) {
        const size = noise(random) / Math.sqrt(k + 1);
        for (let i = 0; i < width; i++) out[at + i] += size * basis[k * width + i];
      }
    };
  },
};

/** `count` rows of a kind, the same for the same seed. @param draw of {@link kinds} */
export function drawVectors(draw, count, seed) {
  const random = Random.derive(seed, 'vectors');
  const out = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    const at = row * width;
    draw(random, out, at);
    let sum = 0;
    for (let i = 0; i < width; i++) sum += out[at + i] ** 2;
    const scale = 1 / Math.sqrt(sum);
    for (let i = 0; i < width; i++) out[at + i] *= scale;
  }
  return out;
}

/** A file of so many rows as float32. @param draw of {@link kinds} */
export async function writeVectors(file, draw, rows) {
  const slab = 10_000;
  const out = await open(file, 'w');
  for (let from = 0; from < rows; from += slab) {
    await out.writeFile(new Uint8Array(drawVectors(draw, Math.min(slab, rows - from), from / slab).buffer));
  }
  await out.close();
}
