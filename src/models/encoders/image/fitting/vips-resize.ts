/**
 * Resizing 8-bit pixels as libvips 8.18 does it (`vips_resize`), to the last bit, for browsers, which have no libvips.
 *
 * Sides that shrink come first, columns before rows ({@link reduceSide}); what is left to enlarge is interpolated in both directions at once
 * ({@link enlarge}). Where a result is one pixel high, `nearest` may take a neighbouring pixel.
 */
import type { Crop, RgbImage } from './pillow-resize.js';
import { enlarge, enlargedLength } from './vips-enlarge.js';
import { isBoxed, reducedLength, reduceSide, type VipsKernel } from './vips-reduce.js';

export type { VipsKernel } from './vips-reduce.js';

/** What each side is multiplied by. */
export interface Scale {
  horizontal: number;
  vertical: number;
}

/** libvips computes tiles of so many columns where rows were averaged before, and else whole rows. */
const tileWidth = 128;

const scaledLength = (length: number, scale: number) =>
  scale < 1 ? reducedLength(length, scale) : scale > 1 ? enlargedLength(length, scale) : length;

/** The size of a whole resized image. */
export const vipsSize = ({ width, height }: Pick<RgbImage, 'width' | 'height'>, scale: Scale) => ({
  width: scaledLength(width, scale.horizontal),
  height: scaledLength(height, scale.vertical),
});

/**
 * Resizes and gives the crop of the result; only what the crop needs is computed.
 *
 * @param kernel `lanczos` is Lanczos' with three lobes; where a side is enlarged it is interpolated like `bicubic`
 * @param crop must lie inside. @default everything
 */
export function vipsResize(
  image: RgbImage,
  { horizontal, vertical }: Scale,
  kernel: VipsKernel,
  crop: Crop = { left: 0, top: 0, ...vipsSize(image, { horizontal, vertical }) },
): RgbImage {
  let { width, height, data } = image;
  let { left, top } = crop;
  const isEnlarged = horizontal > 1 || vertical > 1;
  if (vertical < 1) {
    const side = { outer: 1, length: height, inner: width * 3 };
    const part = isEnlarged ? { start: 0, count: reducedLength(height, vertical) } : { start: top, count: crop.height };
    data = reduceSide(data, side, vertical, kernel, part);
    height = part.count;
    if (!isEnlarged) top = 0;
  }
  if (horizontal < 1) {
    const side = { outer: height, length: width, inner: 3 };
    const part = isEnlarged ? { start: 0, count: reducedLength(width, horizontal) } : { start: left, count: crop.width };
    data = reduceSide(data, side, horizontal, kernel, part);
    width = part.count;
    if (!isEnlarged) left = 0;
  }
  const part = { ...crop, left, top };
  if (!isEnlarged) return cropped({ width, height, data }, part);
  const tile = vertical < 1 && isBoxed(image.height, vertical, kernel) ? tileWidth : width * Math.ceil(horizontal) + tileWidth;
  const rest = { horizontal: Math.max(1, horizontal), vertical: Math.max(1, vertical) };
  return enlarge({ width, height, data }, rest, kernel, part, tile);
}

function cropped(image: RgbImage, { left, top, width, height }: Crop): RgbImage {
  if (left === 0 && top === 0 && width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}
