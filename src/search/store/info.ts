/** A gallery's information as JSON, the same in all stores. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { mistakeIn } from '../../core/schema.js';
import type { GalleryInfo } from './store.js';

const folder = z.strictObject({ relative: z.string(), absolute: z.string() });
const size = z.int().nonnegative();
const galleryInfo = z.strictObject({
  model: z.strictObject({ hash: z.string(), encoder: z.string(), folder }),
  images: folder.optional(),
  gamma: z.number().nonnegative(),
  sizes: z.strictObject({ width: z.int().positive().max(16_000), factors: size, projection: size }),
});

/** @param what whose information it is, for the message @throws LimnError GALLERY for anything that is none */
export function readInfo(value: unknown, what: string): GalleryInfo {
  const parsed = galleryInfo.safeParse(value);
  if (parsed.success) return parsed.data;
  const { place, reason } = mistakeIn(parsed.error);
  throw new LimnError('GALLERY', `${what} has a wrong "${place || 'information'}": ${reason}. Make it again with "limn index".`);
}

/** @throws LimnError USAGE for sizes or fields that no gallery can have */
export function checkInfo(info: GalleryInfo): GalleryInfo {
  const parsed = galleryInfo.safeParse(info);
  if (parsed.success) return parsed.data;
  const { place, reason } = mistakeIn(parsed.error);
  throw new LimnError('USAGE', `The new gallery has a wrong "${place}": ${reason}.`);
}
