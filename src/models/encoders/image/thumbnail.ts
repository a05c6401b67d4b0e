/** Small copies of pictures: for pages that need no other file, and for servers. */
import sharp, { type Sharp } from 'sharp';
import { LimnError, messageOf } from '../../../core/errors.js';

/** A copy of at most `pixels` a side as a data URI; undefined for a picture that cannot be read. @param pixels @default 320 */
export async function thumbnail(picture: string | Uint8Array, pixels = 320): Promise<string | undefined> {
  const bytes = await small(sharp(picture, { autoOrient: true }), pixels)
    .webp({ quality: 82 })
    .toBuffer()
    .catch(() => undefined);
  return bytes && `data:image/webp;base64,${bytes.toString('base64')}`;
}

/**
 * A JPEG copy of at most `pixels` a side, upright, sRGB, without metadata.
 *
 * @param pixelLimit pictures with more pixels are refused before they are decoded. @default 268402689
 * @throws LimnError IMAGE for a picture that cannot be read
 */
export async function jpegThumbnail(bytes: Uint8Array, pixels = 320, pixelLimit = 268_402_689): Promise<Uint8Array> {
  try {
    const picture = small(sharp(bytes, { autoOrient: true, limitInputPixels: pixelLimit }), pixels);
    return await picture.toColourspace('srgb').jpeg({ quality: 82 }).toBuffer();
  } catch (error) {
    throw new LimnError('IMAGE', `The picture cannot be made smaller (${messageOf(error)}). Replace it or take it out.`, {
      cause: error,
    });
  }
}

function small(picture: Sharp, pixels: number): Sharp {
  const size = { width: pixels, height: pixels, fit: 'inside', withoutEnlargement: true } as const;
  return picture.resize(size).flatten({ background: '#ffffff' });
}
