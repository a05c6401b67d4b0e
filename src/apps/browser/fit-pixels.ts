/** Decoded pixels to the square that an encoder sees, as `decodeImage` makes it with sharp. */
import { fitAsSharp, type StoredImage } from '../../models/encoders/image/fit-as-sharp.js';
import { resizeAsPillow } from '../../models/encoders/image/fit-image.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';
import type { PillowFilter } from '../../models/encoders/image/pillow-resize.js';
import { upright } from '../../models/encoders/image/upright.js';
import type { VipsKernel } from '../../models/encoders/image/vips-resize.js';

const pillowPrefix = 'pillow-';

/** @returns (size, size, 3) RGB */
export function fitPixels(stored: StoredImage, settings: ImageSettings): Uint8Array {
  const { resampling = 'bicubic' } = settings;
  if (!resampling.startsWith(pillowPrefix)) return fitAsSharp(stored, settings, resampling as VipsKernel);
  const image = upright(stored, stored.orientation ?? 1);
  return resizeAsPillow(image, settings, resampling.slice(pillowPrefix.length) as PillowFilter);
}
