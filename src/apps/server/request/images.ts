/**
 * Pictures from strangers. Before any of a file is decoded its first bytes must be those of a photo format, so that documents that libvips
 * could read (SVG with its references, PDF) never reach it, and its header must not promise more pixels than are allowed.
 */
import sharp from 'sharp';
import { messageOf } from '../../../core/errors.js';
import { foreignFormat, type ImageFormat, imageFormat } from '../../../core/image-format.js';
import { type DecodeCost, decodeCost } from '../../../models/encoders/image/decode-cost.js';
import { jpegThumbnail } from '../../../models/encoders/image/thumbnail.js';
import { type InTurn, immediately } from '../../../search/gallery/in-turn.js';
import { HttpProblem } from '../handlers/problems.js';

/** The format that a file's first bytes tell; undefined for all that the server does not take. */
export function uploadFormat(bytes: Uint8Array): ImageFormat | undefined {
  return imageFormat(bytes);
}

/**
 * Refuses what is no picture, and pictures that would take too much memory. Only the header is read.
 *
 * @param label what to call it, e.g. `The upload "reference"`
 * @returns what decoding it takes
 * @throws HttpProblem 415 for another format, 413 for too many pixels, 422 for a damaged header
 */
export async function checkImage(bytes: Uint8Array, pixels: number, label: string): Promise<DecodeCost> {
  if (!uploadFormat(bytes)) {
    const kind = foreignFormat(bytes);
    const what = kind ? `is ${kind.name}, which limn does not accept` : 'is not an image that limn accepts';
    throw new HttpProblem(415, 'IMAGE', `${label} ${what}: send JPEG, PNG, WebP, AVIF, GIF or TIFF.`);
  }
  const cost = await decodeCost(bytes).catch((error) => {
    throw damaged(label, error);
  });
  const { width, height } = cost;
  if (width * height > pixels) {
    const message = `${label} is ${width} x ${height} pixels, more than the limit of ${pixels} pixels. Make it smaller.`;
    throw new HttpProblem(413, 'TOO_LARGE', message);
  }
  return cost;
}

export function damaged(label: string, cause: unknown): HttpProblem {
  // The decoder's words help, and know no files: it was given bytes.
  return new HttpProblem(422, 'IMAGE', `${label} is damaged (${messageOf(cause).slice(0, 120)}). Send another.`, { cause });
}

/**
 * A JPEG of a picture's file: the file itself where it is one, and where `side` is given no larger than that a side.
 *
 * @throws LimnError IMAGE for a picture that cannot be read
 */
export async function asJpeg(bytes: Uint8Array, side?: number, inTurn: InTurn = immediately): Promise<Uint8Array> {
  if (side === undefined && uploadFormat(bytes) === 'jpeg') return bytes;
  return inTurn(bytes, () => jpegThumbnail(bytes, side ?? largestSide, Number.MAX_SAFE_INTEGER));
}

/** Of any JPEG. */
const largestSide = 65_535;

/**
 * Takes from libvips, for the whole process, all that reads other formats: a second wall behind {@link imageFormat}. For programs that
 * do nothing but serve.
 */
export function blockOtherFormats(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  const kinds = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'];
  sharp.unblock({ operation: kinds.map((kind) => `VipsForeignLoad${kind}`) });
}
