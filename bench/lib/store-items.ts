/** Galleries of vectors alone. */
import type { EmbeddedItem, GalleryInfo } from 'limn/stores';

export function storeInfo(width: number): GalleryInfo {
  const folder = { relative: '.', absolute: '/' };
  return { model: { hash: 'bench', encoder: 'bench', folder }, gamma: 1, sizes: { width, factors: 0, projection: 0 } };
}

/** Items with these vectors, numbered from `from`. */
export function vectorItems(data: Float32Array, width: number, from: number): EmbeddedItem[] {
  return Array.from({ length: data.length / width }, (_, row) => ({
    id: String(from + row).padStart(9, '0'),
    content: '',
    location: '',
    metadata: { n: (from + row) % 100 },
    matching: data.subarray(row * width, (row + 1) * width),
    factors: new Float32Array(0),
  }));
}
