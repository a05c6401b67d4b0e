/** One vector an image, by which images are near each other: the encoder's, or for the patch encoder what can be seen from afar. */
import { fromFloat16 } from '../../engine/tensor/float16.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { ScoreVectors } from '../eval/vectors.js';

/** Cells of a side of the mosaic that stands for an image where no encoder was trained before. */
const cells = 6;
const batch = 64;

/** Rows of length 1, less the mean of all rows; a row that is the mean itself stays near it. */
export function imageVectors(source: ImageFeatures, ids: readonly string[]): ScoreVectors {
  const rows = ids.map((id) => source.rowOf(id) as number);
  let data: Float32Array | undefined;
  let width = 0;
  for (let from = 0; from < rows.length; from += batch) {
    const part = rows.slice(from, from + batch);
    const feeds = source.feeds(part, { local: false });
    const values = feeds.global
      ? fromFloat16(feeds.global.data as Uint16Array)
      : mosaics(feeds.pixels?.data as Float32Array, part.length);
    width = values.length / part.length;
    data ??= new Float32Array(rows.length * width);
    data.set(values, from * width);
  }
  return { data: centred(data ?? new Float32Array(0), width), width };
}

/** Mean colours of a few cells, (n, cells * cells * 3). @param pixels (n, 3, size, size) */
function mosaics(pixels: Float32Array, count: number): Float32Array {
  const size = Math.round(Math.sqrt(pixels.length / count / 3));
  const out = new Float32Array(count * 3 * cells * cells);
  const counts = new Float32Array(cells * cells);
  const cellOf = Array.from({ length: size }, (_, at) => Math.floor((at * cells) / size));
  for (const y of cellOf) for (const x of cellOf) counts[y * cells + x] = (counts[y * cells + x] as number) + 1;
  for (let plane = 0; plane < count * 3; plane++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const cell = (cellOf[y] as number) * cells + (cellOf[x] as number);
        const value = pixels[(plane * size + y) * size + x] as number;
        const at = plane * cells * cells + cell;
        out[at] = (out[at] as number) + value / (counts[cell] as number);
      }
    }
  }
  return out;
}

function centred(data: Float32Array, width: number): Float32Array {
  const count = data.length / width;
  const mean = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] = (mean[i % width] as number) + (data[i] as number) / count;
  for (let row = 0; row < count; row++) {
    let square = 0;
    for (let i = 0; i < width; i++) {
      const value = (data[row * width + i] as number) - (mean[i] as number);
      data[row * width + i] = value;
      square += value * value;
    }
    // An image that is the mean has no direction of its own.
    const length = Math.sqrt(square);
    for (let i = 0; i < width; i++) {
      data[row * width + i] = length > 1e-6 ? (data[row * width + i] as number) / length : i === 0 ? 1 : 0;
    }
  }
  return data;
}
