/**
 * Any picture file to RGB pixels of one size. sharp (libvips) decodes it off the main thread.
 *
 * In this order: EXIF rotation, transparency over white, conversion to 8-bit sRGB (from greyscale, CMYK, 16 bit, embedded
 * profiles), resizing. Of an animated or many-paged file the first frame is taken.
 */
import { readFile } from 'node:fs/promises';
import sharp, { type OutputInfo } from 'sharp';
import { LimnError, messageOf } from '../core/errors.js';

export const resamplings = ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const;
export const fits = ['fill', 'cover', 'contain'] as const;

export interface PictureSettings {
  /** Width and height of the result in pixels. */
  size: number;
  /** The resizing filter, widened when shrinking. @default 'bicubic' */
  resampling?: (typeof resamplings)[number];
  /** `fill` stretches, `cover` scales the shorter side and crops the centre, `contain` adds white borders. @default 'cover' */
  fit?: (typeof fits)[number];
}

export interface DecodeOptions extends PictureSettings {
  /** Pictures with more pixels are refused before they are decoded. @default 268402689 */
  pixelLimit?: number;
  /** Pictures that are wider or higher are refused. @default 32767 */
  sideLimit?: number;
  /** What to call a picture that is given as bytes, for error messages. @default "The picture" */
  label?: string;
}

const kernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/**
 * A text that says how pixels are made, for cache keys. The number changes whenever the same file would give other pixels.
 */
export function pictureSettingsId(settings: PictureSettings): string {
  return `rgb1-${settings.size}-${settings.fit ?? 'cover'}-${settings.resampling ?? 'bicubic'}`;
}

/**
 * Decodes one picture.
 *
 * @param picture a path, or the bytes of the file
 * @returns (size, size, 3) RGB, 0 to 255
 * @throws LimnError IMAGE, naming the file, when it is missing, no picture, damaged or cut short, or over a limit
 */
export async function decodeImage(picture: string | Uint8Array, options: DecodeOptions): Promise<Uint8Array> {
  const label = typeof picture === 'string' ? picture : (options.label ?? 'The picture');
  const bytes = typeof picture === 'string' ? await readPicture(picture) : picture;
  const { size, pixelLimit = 268_402_689, sideLimit = 32_767 } = options;
  let decoded: { data: Uint8Array; info: OutputInfo };
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    const [given, advice] = [`${label} is ${width} x ${height} pixels`, 'Make it smaller or take it out.'];
    const details = { path: label, width, height };
    if (width * height > pixelLimit) {
      throw new LimnError('IMAGE', `${given}, more than the limit of ${pixelLimit} pixels. ${advice}`, { details });
    }
    if (Math.max(width, height) > sideLimit) {
      throw new LimnError('IMAGE', `${given}, more than the limit of ${sideLimit} on a side. ${advice}`, { details });
    }
    decoded = await sharp(bytes, { limitInputPixels: pixelLimit, failOn: 'truncated', autoOrient: true })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize(size, size, {
        fit: options.fit ?? 'cover',
        kernel: kernels[options.resampling ?? 'bicubic'],
        background: '#ffffff',
      })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    if (LimnError.isInstance(error)) throw error;
    throw new LimnError('IMAGE', `${label} ${reasonOf(error)} Replace it or take it out.`, {
      details: { path: label },
      cause: error,
    });
  }
  return asRgb(decoded.data, decoded.info.channels, size, label);
}

/** The bytes of a picture file. */
export async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    throw new LimnError('IMAGE', `The picture ${path} ${reason}. Check the path.`, { details: { path }, cause: error });
  }
}

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  if (/unsupported image format|Buffer is empty/i.test(message)) return 'is not a picture that limn can read.';
  const first = message.length > 120 ? `${message.slice(0, 120)}…` : message;
  return `is damaged or cut short (${first}).`;
}

function asRgb(data: Uint8Array, channels: number, size: number, label: string): Uint8Array {
  if (channels === 3 && data.length === size * size * 3) return data;
  if (channels !== 1) throw new LimnError('IMAGE', `${label} has ${channels} channels, and limn reads pictures of 1, 3 or 4.`);
  const rgb = new Uint8Array(size * size * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3)] as number;
  return rgb;
}
