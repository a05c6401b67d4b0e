/**
 * Resizing as Pillow does it, to the last bit, for encoders whose training pictures went through Pillow.
 *
 * Separable, first along the rows, then along the columns, with 8-bit rounding between the two and weights of 22 fractional
 * bits. The filter is widened when shrinking (antialiasing). libvips centres and crops otherwise: 3 to 180 of 255 apart on the
 * patterns of the test.
 */

interface Filter {
  /** Half its width at scale 1. */
  support: number;
  weight(x: number): number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const pillowFilters = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  // Keys' cubic convolution with a = -1/2.
  bicubic: {
    support: 2,
    weight: (x) => {
      const d = Math.abs(x);
      if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
      return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
} satisfies Record<string, Filter>;

/** `nearest` takes the pixel at the place and filters nothing. */
export type PillowFilter = keyof typeof pillowFilters | 'nearest';

export interface RgbImage {
  width: number;
  height: number;
  /** (height, width, 3). */
  data: Uint8Array;
}

/** The part of a resized picture that is wanted. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

const fractionBits = 22;

/** For each place from `start` to `start + count` of `to`: the first source place, and weights that add up to 2^22. */
function weightsOf(
  filter: Filter,
  from: number,
  to: number,
  start: number,
  count: number,
): { first: number; taps: Int32Array }[] {
  const scale = from / to;
  const widened = Math.max(scale, 1);
  const support = filter.support * widened;
  return Array.from({ length: count }, (_, i) => {
    const centre = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: end - first }, (_, j) => filter.weight((j + first - centre + 0.5) / widened));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // Half away from zero, as C rounds by adding one half of the sign and cutting.
    const fixed = weights.map((weight) => {
      const scaled = (weight / total) * 2 ** fractionBits;
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
    return { first, taps: Int32Array.from(fixed) };
  });
}

const toByte = (sum: number) => Math.min(Math.max(sum >> fractionBits, 0), 255);

/**
 * Resizes to `width` x `height` and gives the crop of that; only what the crop needs is computed.
 *
 * @param crop must lie inside. @default everything
 */
export function pillowResize(
  image: RgbImage,
  width: number,
  height: number,
  name: PillowFilter,
  crop: Crop = { left: 0, top: 0, width, height },
): RgbImage {
  if (name === 'nearest') return pillowNearest(image, width, height, crop);
  const filter = pillowFilters[name];
  const rows = weightsOf(filter, image.height, height, crop.top, crop.height);
  const firstRow = rows[0]?.first ?? 0;
  const lastRow = rows.reduce((last, { first, taps }) => Math.max(last, first + taps.length), 0);
  const columns = weightsOf(filter, image.width, width, crop.left, crop.width);
  const half = 2 ** (fractionBits - 1);

  // A side that keeps its length is not filtered.
  let middle = image;
  let offset = 0;
  if (image.width !== width || crop.width !== width) {
    const data = new Uint8Array((lastRow - firstRow) * crop.width * 3);
    let at = 0;
    for (let y = firstRow; y < lastRow; y++) {
      for (const { first, taps } of columns) {
        let [r, g, b] = [half, half, half];
        let from = (y * image.width + first) * 3;
        for (let i = 0; i < taps.length; i++, from += 3) {
          const weight = taps[i] as number;
          r += weight * (image.data[from] as number);
          g += weight * (image.data[from + 1] as number);
          b += weight * (image.data[from + 2] as number);
        }
        data[at++] = toByte(r);
        data[at++] = toByte(g);
        data[at++] = toByte(b);
      }
    }
    middle = { width: crop.width, height: lastRow - firstRow, data };
    offset = firstRow;
  }
  if (image.height === height && crop.height === height) return middle;

  const stride = middle.width * 3;
  const data = new Uint8Array(crop.height * stride);
  const sums = new Float64Array(stride);
  rows.forEach(({ first, taps }, row) => {
    sums.fill(half);
    for (let i = 0; i < taps.length; i++) {
      const weight = taps[i] as number;
      const from = (first + i - offset) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * (middle.data[from + x] as number);
    }
    for (let x = 0; x < stride; x++) data[row * stride + x] = toByte(sums[x] as number);
  });
  return { width: middle.width, height: crop.height, data };
}

function pillowNearest(image: RgbImage, width: number, height: number, crop: Crop): RgbImage {
  const columns = nearestPositions(image.width, width, crop.left, crop.width);
  const rows = nearestPositions(image.height, height, crop.top, crop.height);
  const data = new Uint8Array(crop.width * crop.height * 3);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.width + column) * 3;
      for (let c = 0; c < 3; c++) data[at++] = image.data[from + c] as number;
    }
  }
  return { width: crop.width, height: crop.height, data };
}

/** Pillow adds the step up, so that its rounding errors are these. */
function nearestPositions(from: number, to: number, start: number, count: number): number[] {
  const step = from / to;
  const places: number[] = [];
  let centre = step * 0.5;
  for (let i = 0; i < start + count; i++, centre += step) if (i >= start) places.push(Math.min(from - 1, Math.floor(centre)));
  return places;
}
