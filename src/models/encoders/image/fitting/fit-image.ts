/** Fitting decoded pixels into the square that an encoder sees, as Pillow and transformers do: without a decoder, so that browsers do it too. */
import type { fits, ImageSettings } from '../image-settings.js';
import { type PillowFilter, pillowResize, type RgbImage } from './pillow-resize.js';

const pillowPrefix = 'pillow-';

/** The filter of Pillow that a resampling names; undefined for libvips' own. */
export const pillowFilterOf = (resampling: string | undefined) =>
  resampling?.startsWith(pillowPrefix) ? (resampling.slice(pillowPrefix.length) as PillowFilter) : undefined;

/** The pixels before the centre of `size` in a side of `length`; negative where the side is shorter. */
export function marginOf(length: number, size: number, rounding: ImageSettings['cropRounding'] = 'down'): number {
  const half = (length - size) / 2;
  if (rounding === 'down') return Math.floor(half);
  const up = Math.ceil(half);
  return up !== half && up % 2 !== 0 ? up - 1 : up;
}

/** The steps of transformers' image processors: the longer side and the margins of the crop are rounded down. */
export function resizeAsPillow(image: RgbImage, settings: ImageSettings, filter: PillowFilter): Uint8Array {
  const { size, fit = 'cover', shorterSide = size, cropRounding } = settings;
  const [width, height] = scaledSize(image, fit, size, shorterSide);
  if (fit === 'contain') return centredOn(255, pillowResize(image, width, height, filter), size, Math.floor);
  // A side that is shorter than the crop is kept whole, and the rest is black.
  const [left, top] = [marginOf(width, size, cropRounding), marginOf(height, size, cropRounding)].map((x) => Math.max(0, x));
  const crop = { left: left as number, top: top as number, width: Math.min(width, size), height: Math.min(height, size) };
  const resized = pillowResize(image, width, height, filter, crop);
  return crop.width === size && crop.height === size
    ? resized.data
    : centredOn(0, resized, size, cropRounding === 'even' ? Math.floor : Math.ceil);
}

function scaledSize(image: RgbImage, fit: (typeof fits)[number], size: number, shorterSide: number): [number, number] {
  if (fit === 'fill') return [shorterSide, shorterSide];
  const [shorter, longer] = [Math.min(image.width, image.height), Math.max(image.width, image.height)];
  const [near, far] =
    fit === 'cover' ? [shorterSide, Math.floor((shorterSide * longer) / shorter)] : [Math.round((size * shorter) / longer), size];
  return image.width <= image.height ? [Math.max(1, near), far] : [far, Math.max(1, near)];
}

/** The image in the middle of a square of grey: an odd margin is rounded down, but on black transformers rounds it up. */
export function centredOn(
  grey: 0 | 255,
  { width, height, data }: RgbImage,
  size: number,
  round: (half: number) => number,
): Uint8Array {
  const out = new Uint8Array(size * size * 3).fill(grey);
  const [left, top] = [round((size - width) / 2), round((size - height) / 2)];
  for (let y = 0; y < height; y++) {
    out.set(data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * size + left) * 3);
  }
  return out;
}
