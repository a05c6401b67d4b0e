/**
 * Decoded pixels to the square that an encoder sees, as `decodeImage` makes it with sharp: to the last bit where the encoder asks for Pillow's
 * filters, and within two grey levels on average where it asks for libvips', whose shortcuts for large images are not taken.
 */
import { marginOf, resizeAsPillow } from '../../models/encoders/image/fit-image.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';
import { type PillowFilter, pillowResize, type RgbImage } from '../../models/encoders/image/pillow-resize.js';

const pillowPrefix = 'pillow-';

/** @returns (size, size, 3) RGB */
export function fitPixels(image: RgbImage, settings: ImageSettings): Uint8Array {
  const { size, fit = 'cover', resampling = 'bicubic', shorterSide = size, cropRounding } = settings;
  if (resampling.startsWith(pillowPrefix)) {
    return resizeAsPillow(image, settings, resampling.slice(pillowPrefix.length) as PillowFilter);
  }
  const filter = resampling as PillowFilter;
  if (fit === 'contain') return contained(image, size, filter);
  const side = shorterSide;
  const scale = side / Math.min(image.width, image.height);
  const width = fit === 'fill' ? side : Math.max(side, Math.round(image.width * scale));
  const height = fit === 'fill' ? side : Math.max(side, Math.round(image.height * scale));
  // First the square that libvips crops from the middle, then the middle of that.
  const margin = marginOf(side, size, cropRounding);
  const [left, top] = [width, height].map((extent) => Math.floor((extent - side + 1) / 2) + margin) as [number, number];
  return pillowResize(image, width, height, filter, { left, top, width: size, height: size }).data;
}

function contained(image: RgbImage, size: number, filter: PillowFilter): Uint8Array {
  const scale = size / Math.max(image.width, image.height);
  const [width, height] = [image.width, image.height].map((extent) => Math.max(1, Math.round(extent * scale))) as [
    number,
    number,
  ];
  const resized = pillowResize(image, width, height, filter);
  if (width === size && height === size) return resized.data;
  const out = new Uint8Array(size * size * 3).fill(255);
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let y = 0; y < height; y++) {
    out.set(resized.data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * size + left) * 3);
  }
  return out;
}
