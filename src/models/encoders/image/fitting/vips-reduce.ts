/**
 * Shrinking one side of an image as libvips does it (`vips_reducev`, `vips_reduceh`): whole numbers of pixels are averaged first as long as a
 * factor of two is left to do, and the rest is filtered with masks for 64 places between two pixels, in fixed point.
 */

const filters = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic convolution with a = -1/2, from Mitchell's and Netravali's formula with B = 0 and C = 1/2.
  bicubic: {
    support: 2,
    weight: (x) => {
      const d = Math.abs(x);
      if (d <= 1) return (9 * (d * d * d) - 15 * (d * d) + 6) / 6;
      return d <= 2 ? (-3 * (d * d * d) + 15 * (d * d) - 24 * d + 12) / 6 : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) <= 3 ? sinc(x) * sinc(x / 3) : 0) },
} satisfies Record<string, { support: number; weight(x: number): number }>;

/** `nearest` takes the pixel at the place and filters nothing. */
export type VipsKernel = keyof typeof filters | 'nearest';

/** Bytes as (outer, length, inner), of which `length` is shrunk: (1, height, 3 x width) for columns, (height, width, 3) for rows. */
interface Side {
  outer: number;
  length: number;
  inner: number;
}

/** The places of a shrunk side that are wanted. */
interface Part {
  start: number;
  count: number;
}

/** Places between two pixels that have a mask of their own. */
export const places = 64;
export const fractionBits = 12;
/** What is left to the filter when pixels are averaged before. */
const gap = 2;
/** libvips computes strips of so many rows; within one, positions are added up, with the rounding errors of that. */
const stripHeight = 10;

function sinc(x: number): number {
  const angle = x * Math.PI;
  return x === 0 ? 1 : Math.sin(angle) / angle;
}

/** As C's `rint`. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The mask of a position: of the nearest of the places between two pixels. */
export const placeOf = (position: number) => ((Math.trunc(position * places * 2) & (places * 2 - 1)) + 1) >> 1;

export const reducedLength = (length: number, scale: number) => reducedLengthBy(length, 1 / scale);

const reducedLengthBy = (length: number, factor: number) => Math.floor(length / factor + 0.5);

/** Whether whole pixels are averaged before the filter. */
export const isBoxed = (length: number, scale: number, kernel: VipsKernel) => kernel !== 'nearest' && boxOf(length, scale) > 1;

const boxOf = (length: number, scale: number) => Math.max(1, Math.floor(length / reducedLength(length, scale) / gap));

/** @param scale below 1. @returns (outer, part.count, inner) */
export function reduceSide(data: Uint8Array, side: Side, scale: number, kernel: VipsKernel, part: Part): Uint8Array {
  const box = boxOf(side.length, scale);
  if (kernel === 'nearest') {
    const length = Math.floor(side.length / box);
    const thinned = box === 1 ? data : everyNth(data, side, box, length);
    return filterSide(thinned, { ...side, length }, { factor: 1 / (scale * box) }, undefined, part);
  }
  const factor = 1 / scale;
  const missing = (reducedLength(side.length, scale) * factor - side.length) / box;
  const averaged = box === 1 ? data : averageBoxes(data, side, box);
  const rest = { factor: factor / box, missing };
  return filterSide(averaged, { ...side, length: Math.ceil(side.length / box) }, rest, filters[kernel], part);
}

function everyNth(data: Uint8Array, { outer, length, inner }: Side, n: number, count: number): Uint8Array {
  const out = new Uint8Array(outer * count * inner);
  for (let o = 0, to = 0; o < outer; o++) {
    for (let i = 0; i < count; i++, to += inner) {
      const from = (o * length + i * n) * inner;
      out.set(data.subarray(from, from + inner), to);
    }
  }
  return out;
}

/** The last box is filled with copies of the last pixel. The division is a product with a rounded reciprocal. */
function averageBoxes(data: Uint8Array, { outer, length, inner }: Side, n: number): Uint8Array {
  const count = Math.ceil(length / n);
  const out = new Uint8Array(outer * count * inner);
  const reciprocal = Math.floor(2 ** 24 / n);
  const sums = new Uint32Array(inner);
  for (let o = 0, to = 0; o < outer; o++) {
    for (let box = 0; box < count; box++) {
      sums.fill(n >> 1);
      for (let i = 0; i < n; i++) {
        const from = (o * length + Math.min(box * n + i, length - 1)) * inner;
        for (let c = 0; c < inner; c++) sums[c]! += data[from + c] as number;
      }
      for (let c = 0; c < inner; c++) out[to++] = Math.imul(sums[c] as number, reciprocal) >>> 24;
    }
  }
  return out;
}

function filterSide(
  data: Uint8Array,
  { outer, length, inner }: Side,
  { factor, missing = reducedLengthBy(length, factor) * factor - length }: { factor: number; missing?: number },
  filter: (typeof filters)[keyof typeof filters] | undefined,
  { start, count }: Part,
): Uint8Array {
  const taps = filter ? 2 * roundHalfEven(filter.support * factor) + 1 : 1;
  const before = Math.ceil(taps / 2) - 1;
  // Half of what the new side is too long for the old one, or too short, is on each end.
  const offset = (1 + missing) / 2 - 1;
  const masks: Int32Array[] = [];
  const maskAt = (place: number) => (masks[place] ??= maskOf(filter, taps, factor, place / places));
  const positions = positionsOf(start, count, factor, offset, outer === 1 ? stripHeight : Number.POSITIVE_INFINITY);
  const out = new Uint8Array(outer * count * inner);
  const sums = new Int32Array(inner);
  for (let o = 0, to = 0; o < outer; o++) {
    for (const position of positions) {
      const mask = maskAt(placeOf(position));
      const first = Math.trunc(position) - before;
      sums.fill(1 << (fractionBits - 1));
      for (let i = 0; i < taps; i++) {
        const weight = mask[i] as number;
        const from = (o * length + Math.min(Math.max(first + i, 0), length - 1)) * inner;
        for (let c = 0; c < inner; c++) sums[c]! += weight * (data[from + c] as number);
      }
      for (let c = 0; c < inner; c++) out[to++] = Math.min(Math.max((sums[c] as number) >> fractionBits, 0), 255);
    }
  }
  return out;
}

/** @param every the sum begins anew at the multiples of it, and at the start */
function positionsOf(start: number, count: number, factor: number, offset: number, every: number): Float64Array {
  const positions = new Float64Array(count);
  const aligned = Number.isFinite(every) ? Math.floor(start / every) * every : start;
  let position = 0;
  for (let i = aligned; i < start + count; i++) {
    position = i === aligned || i % every === 0 ? (i + 0.5) * factor - 0.5 - offset : position + factor;
    if (i >= start) positions[i - start] = position;
  }
  return positions;
}

/** (taps) with 12 fractional bits, cut off: they may add up to a little less than one. */
function maskOf(filter: { weight(x: number): number } | undefined, taps: number, factor: number, place: number): Int32Array {
  if (!filter) return Int32Array.of(1 << fractionBits);
  const middle = place + taps / 2 - 1;
  const weights = Array.from({ length: taps }, (_, i) => filter.weight((i - middle) / factor));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Int32Array.from(weights, (weight) => (weight / total) * 2 ** fractionBits);
}
