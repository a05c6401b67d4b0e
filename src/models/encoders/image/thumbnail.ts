/** Small copies of pictures: for pages that need no other file, and for servers. */
import type { Sharp } from 'sharp';
import { damagedImage, defaultPixelLimit, openImage, readImage } from './image.js';

/** A copy of at most `pixels` a side as a data URI; undefined for a picture that cannot be read. @param pixels @default 320 */
export async function thumbnail(image: string | Uint8Array, pixels = 320): Promise<string | undefined> {
  try {
    const bytes = typeof image === 'string' ? await readImage(image) : image;
    const copy = await small(openImage(bytes), pixels).webp({ quality: 82 }).toBuffer();
    return `data:image/webp;base64,${copy.toString('base64')}`;
  } catch {
    return undefined;
  }
}

/**
 * A JPEG copy of at most `pixels` a side, upright, sRGB, without metadata.
 *
 * @param pixelLimit pictures with more pixels are refused before they are decoded. @default 268402689
 * @throws LimnError IMAGE for a picture that cannot be read
 */
export async function jpegThumbnail(bytes: Uint8Array, pixels = 320, pixelLimit = defaultPixelLimit): Promise<Uint8Array> {
  try {
    const image = small(openImage(bytes, 'The picture', pixelLimit), pixels);
    return await image.toColourspace('srgb').jpeg({ quality: 82 }).toBuffer();
  } catch (error) {
    throw damagedImage('The picture', error);
  }
}

/** An image of at most `pixels` a side, over white. */
export function small(image: Sharp, pixels: number): Sharp {
  const size = { width: pixels, height: pixels, fit: 'inside', withoutEnlargement: true } as const;
  return image.resize(size).flatten({ background: '#ffffff' });
}
