/** Parts of images: without a decoder, so that browsers have them too. */
import { LimnError } from '../../../core/errors.js';

/** A part of an image, upright, in parts of its width and height from 0 to 1. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** @throws LimnError USAGE for a box that is no part of an image */
export function checkBox(box: Box): void {
  const { left, top, width, height } = box;
  const inside = left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= 1 + 1e-6 && top + height <= 1 + 1e-6;
  if (inside) return;
  const given = JSON.stringify(box);
  throw new LimnError(
    'USAGE',
    `The box ${given} is not part of the image: give left, top, width and height from 0 to 1, inside the image.`,
  );
}

/** The whole pixels of a box, one at least. */
export function boxPixels({ left, top, width, height }: Box, size: { width: number; height: number }): Box {
  const [x, y] = [
    Math.min(size.width - 1, Math.round(left * size.width)),
    Math.min(size.height - 1, Math.round(top * size.height)),
  ];
  const extent = (start: number, part: number, whole: number) => Math.max(1, Math.min(whole - start, Math.round(part * whole)));
  return { left: x, top: y, width: extent(x, width, size.width), height: extent(y, height, size.height) };
}
