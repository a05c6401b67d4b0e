/** Fitting decoded pixels into the square that an encoder sees, as sharp and libvips do: without a decoder, so that browsers do it too. */
import type { Orientation } from '../../../core/exif-orientation.js';
import { centredOn, marginOf } from './fit-image.js';
import type { ImageSettings } from './image-settings.js';
import type { RgbImage } from './pillow-resize.js';
import { type LoadedFormat, shrinkOnLoad } from './shrink-on-load.js';
import { storedCrop, upright, uprightSize } from './upright.js';
import { type Scale, type VipsKernel, vipsResize, vipsSize } from './vips-resize.js';

/** The pixels of a file as it stores them. */
export interface StoredImage extends RgbImage {
  /** How they are to be turned. @default 1 */
  orientation?: Orientation;
  /** The file, if all of it is wanted: JPEG and WebP files are shrunk while they are decoded. @default none */
  format?: LoadedFormat | undefined;
}

/**
 * To the last bit what `decodeImage` makes of the same pixels, and within a grey level or two where a JPEG or WebP file is shrunk while it is
 * decoded.
 *
 * @returns (size, size, 3) RGB
 */
export function fitAsSharp(stored: StoredImage, settings: ImageSettings, kernel: VipsKernel): Uint8Array {
  const { size, fit = 'cover', shorterSide = size, cropRounding } = settings;
  const { orientation = 1 } = stored;
  const side = fit === 'contain' ? size : shorterSide;
  // An image that is cropped after that is turned before, and then all of it is decoded.
  if (side !== size && orientation !== 1) return fitAsSharp(upright(stored, orientation), settings, kernel);
  const shrinks = shrinksOf(stored, fit, side);
  const image = shrinkOnLoad(stored, stored.format, Math.min(shrinks.horizontal, shrinks.vertical));
  const scale = scaleOf(shrinksOf(image, fit, side));
  if (fit === 'contain') return centredOn(255, upright(vipsResize(image, scale, kernel), orientation), size, Math.floor);
  const scaled = vipsSize(image, scale);
  const whole = uprightSize(scaled, orientation);
  // First the square that libvips crops from the middle, then the middle of that.
  const margin = marginOf(side, size, cropRounding);
  const [left, top] = [whole.width, whole.height].map((extent) => Math.floor((extent - side + 1) / 2) + margin);
  const crop = { left: left as number, top: top as number, width: size, height: size };
  return upright(vipsResize(image, scale, kernel, storedCrop(crop, scaled, orientation)), orientation).data;
}

/** By what sharp divides each side. */
function shrinksOf({ width, height }: RgbImage, fit: ImageSettings['fit'], side: number): Scale {
  const [horizontal, vertical] = [width / side, height / side];
  const both = fit === 'cover' ? Math.min(horizontal, vertical) : Math.max(horizontal, vertical);
  // No side becomes less than a pixel.
  if (fit === 'fill') return { horizontal: Math.min(horizontal, width), vertical: Math.min(vertical, height) };
  return { horizontal: Math.min(both, width), vertical: Math.min(both, height) };
}

/** A reciprocal of a quotient, as sharp hands it to libvips. */
const scaleOf = ({ horizontal, vertical }: Scale): Scale => ({ horizontal: 1 / horizontal, vertical: 1 / vertical });
