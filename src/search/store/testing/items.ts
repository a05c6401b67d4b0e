/** Galleries of random items for tests. */
import { Random } from '../../../core/random.js';
import type { ItemMetadata } from '../metadata.js';
import type { EmbeddedItem, GalleryInfo, VectorSizes } from '../store.js';

export const sizes: VectorSizes = { width: 12, factors: 3, projection: 5 };

export function infoOf(of: VectorSizes = sizes): GalleryInfo {
  const folder = { relative: '../ä', absolute: '/models/ä' };
  return { model: { hash: 'abc', encoder: 'patch', folder }, images: folder, gamma: 0.7, sizes: of };
}

/** Random vectors of length 1, one after another. */
export function units(random: Random, count: number, width: number): Float32Array {
  const data = Float32Array.from({ length: count * width }, () => random.normal());
  for (let row = 0; row < count; row++) {
    const part = data.subarray(row * width, (row + 1) * width);
    const length = Math.hypot(...part);
    part.forEach((value, i) => {
      part[i] = value / length;
    });
  }
  return data;
}

export function itemOf(id: string, seed: number, metadata: ItemMetadata = {}, of: VectorSizes = sizes): EmbeddedItem {
  const random = Random.derive(seed, id);
  const { width, factors, projection } = of;
  const vectors = { matching: units(random, 1, width), factors: units(random, factors, projection) };
  return { id, content: `content-${seed}`, location: `at/${id}`, metadata, ...vectors };
}

export function itemsOf(count: number, seed = 1, of: VectorSizes = sizes): EmbeddedItem[] {
  return Array.from({ length: count }, (_, i) => itemOf(`${String(i).padStart(4, '0')}.jpg`, seed, {}, of));
}

export function queryOf(seed: number, of: VectorSizes = sizes): Float32Array {
  return units(new Random(seed), 1, of.width);
}
