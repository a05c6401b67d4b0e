/** Enlarging as libvips does it (`vips_affine` for `vips_resize`): bilinear or bicubic interpolation in fixed point. */
import type { Crop, RgbImage } from './pillow-resize.js';
import { fractionBits, placeOf, places, roundHalfEven, type VipsKernel } from './vips-reduce.js';

const one = 1 << fractionBits;
const half = one >> 1;

export const enlargedLength = (length: number, scale: number) => roundHalfEven(length * scale);

/** Catmull-Rom weights of four pixels, for each place between the middle two, cut off. */
const cubicMasks = Array.from({ length: places + 1 }, (_, place) => {
  const x = place / places;
  const rest = 1 - x;
  const slope = rest * (-0.5 * x);
  const [first, last] = [rest * slope, x * slope];
  const bend = last - first;
  return [first, rest - first + bend, x - last - bend, last].map((weight) => Math.trunc(weight * one)) as Weights;
});

type Weights = [number, number, number, number];

/**
 * @param scale at least 1 in both directions
 * @param tile the columns whose positions are added up from a fresh start
 */
export function enlarge(
  image: RgbImage,
  scale: { horizontal: number; vertical: number },
  kernel: VipsKernel,
  crop: Crop,
  tile: number,
): RgbImage {
  const determinant = 1 / (scale.horizontal * scale.vertical);
  const columns = positionsOf(determinant * scale.vertical, kernel, crop.left, crop.width, tile);
  const rows = positionsOf(determinant * scale.horizontal, kernel, crop.top, crop.height, 1);
  const data = new Uint8Array(crop.width * crop.height * 3);
  if (kernel === 'nearest') copyNearest(image, columns, rows, data);
  else if (kernel === 'bilinear') interpolateLinear(image, columns, rows, data);
  else interpolateCubic(image, columns, rows, data);
  return { width: crop.width, height: crop.height, data };
}

/** Pixels of border that libvips adds before the image, so that its positions are above zero. */
const borderOf = (kernel: VipsKernel) => (kernel === 'nearest' || kernel === 'bilinear' ? 1 : 2);

/**
 * Positions in an image with its border. All but `nearest` are half a pixel further up and left, also along a side that keeps its length; this
 * is what libvips does.
 */
function positionsOf(step: number, kernel: VipsKernel, start: number, count: number, every: number): Float64Array {
  const shift = kernel === 'nearest' ? 0 : 0.5;
  const border = borderOf(kernel);
  const positions = new Float64Array(count);
  let position = 0;
  for (let i = 0; i < count; i++) {
    position = i % every === 0 ? (start + i) * step - shift + border : position + step;
    positions[i] = position;
  }
  return positions;
}

const clamped = (index: number, length: number) => Math.min(Math.max(index, 0), length - 1);

function copyNearest(image: RgbImage, columns: Float64Array, rows: Float64Array, out: Uint8Array): void {
  let to = 0;
  for (const y of rows) {
    const row = clamped(Math.floor(y) - borderOf('nearest'), image.height) * image.width;
    for (const x of columns) {
      const from = (row + clamped(Math.floor(x) - borderOf('nearest'), image.width)) * 3;
      for (let c = 0; c < 3; c++) out[to++] = image.data[from + c] as number;
    }
  }
}

function interpolateLinear(image: RgbImage, columns: Float64Array, rows: Float64Array, out: Uint8Array): void {
  const { width, height, data } = image;
  const border = borderOf('bilinear');
  let to = 0;
  for (const y of rows) {
    const top = Math.floor(y);
    const down = Math.trunc((y - top) * one);
    const upper = clamped(top - border, height) * width;
    const lower = clamped(top - border + 1, height) * width;
    for (const x of columns) {
      const left = Math.floor(x);
      const right = Math.trunc((x - left) * one);
      const [first, second] = [clamped(left - border, width), clamped(left - border + 1, width)];
      const lowerRight = (down * right) >> fractionBits;
      const upperRight = ((one - down) * right) >> fractionBits;
      const [lowerLeft, upperLeft] = [down - lowerRight, one - down - upperRight];
      for (let c = 0; c < 3; c++) {
        const above = upperLeft * data[(upper + first) * 3 + c]! + upperRight * data[(upper + second) * 3 + c]!;
        const below = lowerLeft * data[(lower + first) * 3 + c]! + lowerRight * data[(lower + second) * 3 + c]!;
        out[to++] = (above + below + half) >> fractionBits;
      }
    }
  }
}

function interpolateCubic(image: RgbImage, columns: Float64Array, rows: Float64Array, out: Uint8Array): void {
  const { width, height, data } = image;
  const across = tapsOf(columns, 3, width);
  let to = 0;
  for (const down of tapsOf(rows, width * 3, height)) {
    for (const right of across) {
      for (let c = 0; c < 3; c++) {
        let sum = half;
        for (let j = 0; j < 4; j++) {
          const row = (down.places[j] as number) + c;
          let line = half;
          for (let i = 0; i < 4; i++) line += right.weights[i]! * data[row + right.places[i]!]!;
          sum += down.weights[j]! * (line >> fractionBits);
        }
        out[to++] = Math.min(Math.max(sum >> fractionBits, 0), 255);
      }
    }
  }
}

/** @param stride bytes between two pixels */
function tapsOf(positions: Float64Array, stride: number, length: number): { places: number[]; weights: Weights }[] {
  return Array.from(positions, (position) => {
    const first = Math.trunc(position) - borderOf('bicubic') - 1;
    const places = [0, 1, 2, 3].map((i) => clamped(first + i, length) * stride);
    return { places, weights: cubicMasks[placeOf(position)] as Weights };
  });
}
