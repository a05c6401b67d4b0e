/** Vectors to measure stores with. */
import { open } from 'node:fs/promises';
import { Random } from 'limn/engine';

export const width = 512;

/** Adds a vector to zeros at a position. */
export type Draw = (random: Random, out: Float32Array, at: number) => void;

/** Numbers near enough to normal ones, with a deviation of 0.577, and fast. */
const noise = (random: Random) => random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2;

/**
 * Two kinds of unit vectors. `groups`: around 2,000 centres, where the nearest ones are all equally far, which is hard for rounded numbers.
 * `spread`: 64 directions of which each varies less than the one before, and a little of all others, which is hard for searches part by part.
 */
export const kinds = {
  groups: (): Draw => {
    const centres = 2000;
    const random = new Random(1);
    const around = Float32Array.from({ length: centres * width }, () => random.normal());
    return (random, out, at) => {
      const centre = random.below(centres) * width;
      for (let i = 0; i < width; i++) out[at + i] = around[centre + i]! + noise(random);
    };
  },
  spread: (): Draw => {
    const directions = 64;
    const random = new Random(1);
    const basis = Float32Array.from({ length: directions * width }, () => random.normal());
    return (random, out, at) => {
      for (let i = 0; i < width; i++) out[at + i] = 0.3 * noise(random);
      for (let k = 0; k < directions; k++) {
        const size = noise(random) / Math.sqrt(k + 1);
        for (let i = 0; i < width; i++) out[at + i]! += size * basis[k * width + i]!;
      }
    };
  },
};

/** Gives rows length 1. @param data rows of so many numbers, which are changed */
export function normalizeRows(data: Float32Array, size: number): Float32Array {
  for (let at = 0; at < data.length; at += size) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += data[at + i]! ** 2;
    const scale = 1 / Math.sqrt(sum);
    for (let i = 0; i < size; i++) data[at + i]! *= scale;
  }
  return data;
}

/** `count` rows of a kind, the same for the same seed. */
export function drawVectors(draw: Draw, count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = Random.derive(seed, 'vectors');
  const out = new Float32Array(count * width);
  for (let row = 0; row < count; row++) draw(random, out, row * width);
  normalizeRows(out, width);
  return out;
}

/** A file of so many rows as float32. */
export async function writeVectors(file: string, draw: Draw, rows: number): Promise<void> {
  const slab = 10_000;
  const out = await open(file, 'w');
  for (let from = 0; from < rows; from += slab) {
    await out.writeFile(new Uint8Array(drawVectors(draw, Math.min(slab, rows - from), from / slab).buffer));
  }
  await out.close();
}

/** Reads rows of a file of vectors. @param from the first row */
export async function readVectors(file: string, from: number, rows: number, size = width): Promise<Float32Array> {
  const data = new Float32Array(rows * size);
  const input = await open(file);
  await input.read(new Uint8Array(data.buffer), 0, data.byteLength, 4 * from * size);
  await input.close();
  return data;
}
