/** From attention over the square that an encoder sees to weights over the picture as it is. */
import { LimnError } from '../../../core/errors.js';
import type { ImageSettings } from '../../../models/encoders/image/image-settings.js';
import type { HeatMap } from '../search-types.js';

/** Width and height in pixels. */
export interface ImageSize {
  width: number;
  height: number;
}

/** Cells of the longer side are at most so many times those of the encoder's square. */
const longest = 4;
/** Where the square's cells are not whole cells of the picture, smaller ones keep them in their places. */
const finer = 2;

/**
 * The weights of an encoder's square grid on a grid over the whole picture: an encoder sees the middle of a picture (cover), the
 * picture with borders (contain), or the picture stretched (fill). Cells that it did not see get 0, what went to borders is left out,
 * and the rest sums to 1.
 *
 * @param weights (side, side), row by row
 */
export function overImage(
  weights: ArrayLike<number>,
  side: number,
  image: ImageSize,
  { size, fit = 'cover', shorterSide = size }: ImageSettings,
): HeatMap {
  if (weights.length !== side * side)
    throw new LimnError('USAGE', `${weights.length} weights are not a grid of ${side} x ${side}.`);
  const { width, height } = image;
  const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
  // What the square is on the picture, in pixels; a border has negative places.
  const part = size / shorterSide;
  const square = fit === 'contain' ? longer : shorter * part;
  const seen = fit === 'fill' ? { width: width * part, height: height * part } : { width: square, height: square };
  const [left, top] = [(width - seen.width) / 2, (height - seen.height) / 2];
  const cells = (extent: number, start: number, square: number) => {
    const [count, before] = [(extent * side) / square, (start * side) / square];
    const fits = Number.isInteger(count) && Number.isInteger(before);
    return Math.min(longest * side, Math.max(1, Math.round(fits ? count : finer * count)));
  };
  const [columns, rows] = [cells(width, left, seen.width), cells(height, top, seen.height)];
  // How much of each of the square's columns (or rows) lies in each column (or row) of the picture.
  const across = overlaps(columns, width, left, seen.width, side);
  const down = overlaps(rows, height, top, seen.height, side);
  const out = new Array<number>(columns * rows).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (const [y, partDown] of down[row] as Overlap[]) {
        for (const [x, partAcross] of across[column] as Overlap[])
          sum += (weights[y * side + x] as number) * partDown * partAcross;
      }
      out[row * columns + column] = sum;
    }
  }
  const total = out.reduce((sum, weight) => sum + weight, 0);
  return { columns, rows, weights: out.map((weight) => (total > 0 ? weight / total : 1 / out.length)) };
}

/** A cell of the square, and which part of it. */
type Overlap = readonly [cell: number, part: number];

function overlaps(count: number, extent: number, start: number, square: number, side: number): Overlap[][] {
  const cell = square / side;
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [(i * extent) / count, ((i + 1) * extent) / count];
    return Array.from({ length: side }, (_, j): Overlap => {
      const shared = Math.min(to, start + (j + 1) * cell) - Math.max(from, start + j * cell);
      return [j, Math.max(0, shared) / cell];
    }).filter(([, part]) => part > 0);
  });
}

/** For pictures whose places are not known apart: all of it in one cell. */
export const wholeImage: HeatMap = { columns: 1, rows: 1, weights: [1] };
