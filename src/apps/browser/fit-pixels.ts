/** Decoded pixels to the square that an encoder sees, as `decodeImage` makes it with sharp. */
import { fitAsSharp, type StoredImage } from '../../models/encoders/image/fitting/fit-as-sharp.js';
import { pillowFilterOf, resizeAsPillow } from '../../models/encoders/image/fitting/fit-image.js';
import { upright } from '../../models/encoders/image/fitting/upright.js';
import type { VipsKernel } from '../../models/encoders/image/fitting/vips-resize.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';

/** @returns (size, size, 3) RGB */
export function fitPixels(stored: StoredImage, settings: ImageSettings): Uint8Array {
  const { resampling = 'bicubic' } = settings;
  const filter = pillowFilterOf(resampling);
  if (!filter) return fitAsSharp(stored, settings, resampling as VipsKernel);
  return resizeAsPillow(upright(stored, stored.orientation ?? 1), settings, filter);
}
