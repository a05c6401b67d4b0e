/** Fitting decoded pixels into the square that an encoder sees, as sharp and libvips do: without a decoder, so that browsers do it too. */
import type { Orientation } from '../../../../core/exif-orientation.js';
import type { ImageSettings } from '../image-settings.js';
import { centredOn, marginOf } from './fit-image.js';
import type { RgbImage } from './pillow-resize.js';
import { jpegShrink, type LoadedFormat, shrinkOnLoad } from './shrink-on-load.js';
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
  const { size, fit = 'cover', cropRounding } = settings;
  const { orientation = 1 } = stored;
  const side = sideOf(settings);
  if (isTurnedFirst(settings, orientation)) return fitAsSharp(upright(stored, orientation), settings, kernel);
  const image = shrinkOnLoad(stored, stored.format, leastShrink(stored, settings));
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

/** By what a JPEG file's sides are divided while it is decoded: 1, 2, 4 or 8. */
export function jpegDivisor(stored: Size, orientation: Orientation, settings: ImageSettings): number {
  return isTurnedFirst(settings, orientation) ? 1 : jpegShrink(leastShrink(stored, settings));
}

type Size = Pick<RgbImage, 'width' | 'height'>;

/** The square that is resized to, before it is cropped. */
const sideOf = ({ size, fit, shorterSide = size }: ImageSettings) => (fit === 'contain' ? size : shorterSide);

/** An image that is cropped after it was resized is turned before that, and then all of it is decoded. */
const isTurnedFirst = (settings: ImageSettings, orientation: Orientation) =>
  sideOf(settings) !== settings.size && orientation !== 1;

function leastShrink(image: Size, settings: ImageSettings): number {
  const { horizontal, vertical } = shrinksOf(image, settings.fit ?? 'cover', sideOf(settings));
  return Math.min(horizontal, vertical);
}

/** By what sharp divides each side. */
function shrinksOf({ width, height }: Size, fit: ImageSettings['fit'], side: number): Scale {
  const [horizontal, vertical] = [width / side, height / side];
  const both = fit === 'cover' ? Math.min(horizontal, vertical) : Math.max(horizontal, vertical);
  // No side becomes less than a pixel.
  if (fit === 'fill') return { horizontal: Math.min(horizontal, width), vertical: Math.min(vertical, height) };
  return { horizontal: Math.min(both, width), vertical: Math.min(both, height) };
}

/** A reciprocal of a quotient, as sharp hands it to libvips. */
const scaleOf = ({ horizontal, vertical }: Scale): Scale => ({ horizontal: 1 / horizontal, vertical: 1 / vertical });
