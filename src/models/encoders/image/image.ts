/**
 * Any picture file to RGB pixels of one size. sharp (libvips) decodes it off the main thread.
 *
 * In this order: EXIF rotation, transparency over white, conversion to 8-bit sRGB (from greyscale, CMYK, 16 bit, embedded
 * profiles), resizing. Of an animated or many-paged file the first frame is taken.
 */
import sharp, { type OutputInfo, type Sharp, type SharpOptions } from 'sharp';
import { LimnError, messageOf } from '../../../core/errors.js';
import { foreignFormat, imageFormat } from '../../../core/image-format.js';
import { readRegularFile } from '../../../core/regular-file.js';
import { type Box, boxPixels } from './box.js';
import { marginOf, pillowFilterOf, resizeAsPillow } from './fitting/fit-image.js';
import type { RgbImage } from './fitting/pillow-resize.js';
import type { ImageSettings } from './image-settings.js';

export { type Box, boxPixels, checkBox } from './box.js';
export { cropRoundings, fits, type ImageSettings, resamplings } from './image-settings.js';

export interface DecodeOptions extends ImageSettings {
  /** Only this part of the upright image. @default all of it */
  box?: Box | undefined;
  /** Pictures with more pixels are refused before they are decoded. @default 268402689 */
  pixelLimit?: number;
  /** Pictures that are wider or higher are refused. @default 32767 */
  sideLimit?: number;
  /** What to call a picture that is given as bytes, for error messages. @default "The picture" */
  label?: string;
}

const kernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;
/** Pixels; several pictures are worked on at once, and Pillow's way needs all of each. */
const largestInMemory = 2 ** 24;

/**
 * A text that says how pixels are made, for cache keys. The number changes whenever the same file would give other pixels.
 */
export function imageSettingsId(settings: ImageSettings): string {
  const { size, fit = 'cover', resampling = 'bicubic', shorterSide = size, cropRounding = 'down' } = settings;
  const rest = `${shorterSide === size ? '' : `-${shorterSide}`}${cropRounding === 'down' ? '' : `-${cropRounding}`}`;
  return `rgb1-${size}-${fit}-${resampling}${rest}`;
}

/** Images with more pixels are refused unless more is allowed: 16,383 x 16,383. */
export const defaultPixelLimit = 268_402_689;

/**
 * How damaged a file may be, the same wherever limn reads one: what decoders only warn of (a wrong marker, bytes too many) is read, and
 * what loses pixels (cut short, strips or blocks that cannot be decoded, wrong checksums) is an error.
 */
export const imageTolerance = { failOn: 'error' } as const satisfies SharpOptions;

/**
 * An image file for sharp to decode, upright. All that limn decodes goes through here, so that what is indexed can be shown as well.
 *
 * @param pixelLimit images with more pixels fail when they are decoded. @default 268402689
 * @throws LimnError IMAGE for a file of a format that limn does not read, before a decoder sees it
 */
export function openImage(bytes: Uint8Array, label = 'The picture', pixelLimit: number | false = defaultPixelLimit): Sharp {
  requireFormat(bytes, label);
  return sharp(bytes, { ...imageTolerance, limitInputPixels: pixelLimit, autoOrient: true });
}

/** What a decoder's error says about a file. */
export function damagedImage(label: string, cause: unknown): LimnError {
  if (LimnError.isInstance(cause)) return cause;
  return new LimnError('IMAGE', `${label} ${reasonOf(cause)} Replace it or take it out.`, { details: { path: label }, cause });
}

function requireFormat(bytes: Uint8Array, label: string): void {
  if (imageFormat(bytes)) return;
  const details = { path: label };
  const known = foreignFormat(bytes);
  const unknown = `is not a picture that limn can read${bytes.length === 0 ? ': it is empty' : ''}. Replace it or take it out.`;
  const what = known ? `is ${known.name}, which limn does not read. ${known.advice}` : unknown;
  throw new LimnError('IMAGE', `${label} ${what}`, { details });
}

/**
 * Decodes one picture.
 *
 * @param source a path, or the bytes of the file
 * @returns (size, size, 3) RGB, 0 to 255
 * @throws LimnError IMAGE, naming the file, when it is missing, no picture, damaged or cut short, or over a limit
 */
export async function decodeImage(source: string | Uint8Array, options: DecodeOptions): Promise<Uint8Array> {
  const label = typeof source === 'string' ? source : (options.label ?? 'The picture');
  const bytes = typeof source === 'string' ? await readImage(source) : source;
  const { pixelLimit = defaultPixelLimit, sideLimit = 32_767 } = options;
  const filter = pillowFilterOf(options.resampling);
  let decoded: { data: Uint8Array; info: OutputInfo };
  try {
    const { width, height, autoOrient } = await openImage(bytes, label, false).metadata();
    const [given, advice] = [`${label} is ${width} x ${height} pixels`, 'Make it smaller or take it out.'];
    const details = { path: label, width, height };
    if (width * height > pixelLimit) {
      throw new LimnError('IMAGE', `${given}, more than the limit of ${pixelLimit} pixels. ${advice}`, { details });
    }
    if (Math.max(width, height) > sideLimit) {
      throw new LimnError('IMAGE', `${given}, more than the limit of ${sideLimit} on a side. ${advice}`, { details });
    }
    const part = options.box && boxPixels(options.box, autoOrient);
    const whole = openImage(bytes, label, pixelLimit);
    const rgb = (part ? whole.extract(part) : whole).flatten({ background: '#ffffff' }).toColourspace('srgb');
    const seen = part ?? { width, height };
    const large = seen.width * seen.height > largestInMemory;
    const asPillow = () => (large ? shrinkRoughly(rgb, options) : rgb);
    const resized = filter ? asPillow() : resize(rgb, options);
    decoded = await resized.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw damagedImage(label, error);
  }
  const image = asRgb(decoded, label);
  return filter ? resizeAsPillow(image, options, filter) : image.data;
}

function resize(rgb: Sharp, settings: ImageSettings): Sharp {
  const { size, fit = 'cover', resampling = 'bicubic', shorterSide = size, cropRounding } = settings;
  const side = fit === 'contain' ? size : shorterSide;
  const kernel = kernels[resampling as keyof typeof kernels];
  const scaled = rgb.resize(side, side, { fit, kernel, background: '#ffffff' });
  const margin = marginOf(side, size, cropRounding);
  return side === size ? scaled : scaled.extract({ left: margin, top: margin, width: size, height: size });
}

/** Leaves four pixels for one, of which Pillow's way makes the rest: a difference of a grey level or two. */
function shrinkRoughly(rgb: Sharp, { size, shorterSide = size }: ImageSettings): Sharp {
  const side = 4 * Math.max(size, shorterSide);
  return rgb.resize(side, side, { fit: 'outside', withoutEnlargement: true, kernel: 'cubic' });
}

/**
 * The bytes of a picture file.
 *
 * @throws LimnError IMAGE for a path that is not there, cannot be read, or is no file: a pipe would be waited for without end
 */
export async function readImage(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons = { ENOENT: 'does not exist', EISDIR: 'is a folder', ENOTFILE: 'is a pipe, socket or device, not a file' };
    throw unreadable(path, reasons[code as keyof typeof reasons] ?? `cannot be read (${code})`, error);
  }
}

function unreadable(path: string, reason: string, cause?: unknown): LimnError {
  return new LimnError('IMAGE', `The picture ${path} ${reason}. Check the path.`, { details: { path }, cause });
}

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  // Its first bytes are those of a format that limn reads, or no decoder would have seen it.
  if (/unsupported image format/i.test(message)) return 'is damaged or cut short.';
  if (/unsupported (codec|feature)/i.test(message)) return `is of a kind that limn cannot decode (${message.slice(0, 120)}).`;
  if (/exceeds pixel limit/i.test(message)) return 'has more pixels than the limit.';
  const first = message.length > 120 ? `${message.slice(0, 120)}…` : message;
  return `is damaged or cut short (${first}).`;
}

function asRgb({ data, info }: { data: Uint8Array; info: OutputInfo }, label: string): RgbImage {
  const { width, height, channels } = info;
  if (channels === 3) return { width, height, data };
  if (channels !== 1) throw new LimnError('IMAGE', `${label} has ${channels} channels, and limn reads pictures of 1, 3 or 4.`);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3)] as number;
  return { width, height, data: rgb };
}
