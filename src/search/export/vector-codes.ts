/**
 * Vectors of a shard as bytes: binary16, or whole numbers from -127 to 127 with a scale for each vector. Matching vectors come first, then
 * the factors', so that what is scanned lies together:
 *
 *     float16   matching (N, width), factors (N, K * p)                                     uint16
 *     int8      scales of matching (N) and of factors (N, K) float32, then both as int8
 */
import { LimnError } from '../../core/errors.js';
import { fromFloat16, toFloat16 } from '../../engine/tensor/float16.js';
import type { ItemVectors, VectorSizes } from '../store/store.js';

export const vectorTypes = ['float16', 'int8'] as const;
export type VectorType = (typeof vectorTypes)[number];

const largest = 127;

/** Codes of one vector, and what one step of them is worth. */
export function quantize(vector: Float32Array, out: Int8Array): number {
  let most = 0;
  for (const value of vector) most = Math.max(most, Math.abs(value));
  const scale = most / largest;
  for (let i = 0; i < vector.length; i++) out[i] = scale === 0 ? 0 : Math.round((vector[i] as number) / scale);
  return scale;
}

export function shardBytes(count: number, { width, factors, projection }: VectorSizes, type: VectorType): number {
  const numbers = count * (width + factors * projection);
  return type === 'float16' ? 2 * numbers : numbers + 4 * count * (1 + factors);
}

export function encodeShard(items: readonly ItemVectors[], sizes: VectorSizes, type: VectorType): Uint8Array {
  const { width, factors, projection } = sizes;
  const count = items.length;
  const flat = factors * projection;
  const bytes = new Uint8Array(shardBytes(count, sizes, type));
  if (type === 'float16') {
    const halves = new Uint16Array(bytes.buffer);
    items.forEach((item, i) => {
      halves.set(toFloat16(item.matching), i * width);
      halves.set(toFloat16(item.factors), count * width + i * flat);
    });
    return bytes;
  }
  const { matchingScales, factorScales, matching, factorCodes } = viewsOf(bytes, count, sizes);
  items.forEach((item, i) => {
    matchingScales[i] = quantize(item.matching, matching.subarray(i * width, (i + 1) * width));
    for (let k = 0; k < factors; k++) {
      const at = i * flat + k * projection;
      const vector = item.factors.subarray(k * projection, (k + 1) * projection);
      factorScales[i * factors + k] = quantize(vector, factorCodes.subarray(at, at + projection));
    }
  });
  return bytes;
}

/** The vectors of a shard, decoded one item at a time. */
export interface Shard {
  readonly count: number;
  vectors(row: number): ItemVectors;
  /** Codes of a row's matching vector. @returns its scale */
  codes(row: number, out: Int8Array): number;
}

/** @throws LimnError DATA for bytes of another length */
export function openShard(bytes: Uint8Array, count: number, sizes: VectorSizes, type: VectorType): Shard {
  const expected = shardBytes(count, sizes, type);
  if (bytes.length !== expected) {
    throw new LimnError(
      'DATA',
      `A shard of ${count} images has ${bytes.length} bytes and not ${expected}. Export the gallery again.`,
    );
  }
  const { width, factors, projection } = sizes;
  const flat = factors * projection;
  if (type === 'float16') {
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const matchingOf = (row: number) => fromFloat16(halves.subarray(row * width, (row + 1) * width));
    return {
      count,
      vectors: (row) => ({
        matching: matchingOf(row),
        factors: fromFloat16(halves.subarray(count * width + row * flat, count * width + (row + 1) * flat)),
      }),
      codes: (row, out) => quantize(matchingOf(row), out),
    };
  }
  const { matchingScales, factorScales, matching, factorCodes } = viewsOf(bytes, count, sizes);
  return {
    count,
    vectors: (row) => {
      const scale = matchingScales[row] as number;
      return {
        matching: Float32Array.from(matching.subarray(row * width, (row + 1) * width), (code) => code * scale),
        factors: Float32Array.from(
          factorCodes.subarray(row * flat, (row + 1) * flat),
          (code, i) => code * (factorScales[row * factors + Math.floor(i / projection)] as number),
        ),
      };
    },
    codes: (row, out) => {
      out.set(matching.subarray(row * width, (row + 1) * width));
      return matchingScales[row] as number;
    },
  };
}

function viewsOf({ buffer, byteOffset }: Uint8Array, count: number, { width, factors, projection }: VectorSizes) {
  const codesAt = byteOffset + 4 * count * (1 + factors);
  return {
    matchingScales: new Float32Array(buffer, byteOffset, count),
    factorScales: new Float32Array(buffer, byteOffset + 4 * count, count * factors),
    matching: new Int8Array(buffer, codesAt, count * width),
    factorCodes: new Int8Array(buffer, codesAt + count * width, count * factors * projection),
  };
}
