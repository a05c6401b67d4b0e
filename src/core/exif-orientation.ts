/** How an image file says that it is to be turned: the EXIF tag "Orientation" of JPEG, PNG and WebP files. */
import { imageFormat } from './image-format.js';
import { jpegSegments } from './jpeg-segments.js';
import { webpChunk } from './webp-chunk.js';

/**
 * The eight orientations of EXIF: 1 is upright, 3 is turned by 180 degrees, 6 and 8 lie on a side, and 2, 4, 5 and 7 are the mirror images of
 * these.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Where the low byte of the tag's value is, and which orientation it says; undefined where the file says none or is upright. */
function turnOf(bytes: Uint8Array): { at: number; orientation: Orientation } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = exifStart(bytes, view);
  if (start === undefined || start + 14 > view.byteLength) return undefined;
  const order = view.getUint16(start);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > view.byteLength) return undefined;
  const count = view.getUint16(directory, little);
  for (let entry = directory + 2; entry < directory + 2 + count * 12 && entry + 12 <= view.byteLength; entry += 12) {
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const orientation = view.getUint16(entry + 8, little);
    if (orientation < 2 || orientation > 8) return undefined;
    return { at: entry + (little ? 8 : 9), orientation: orientation as Orientation };
  }
  return undefined;
}

/** The first byte of the EXIF data, which is laid out as a TIFF file. */
function exifStart(bytes: Uint8Array, view: DataView): number | undefined {
  const format = imageFormat(bytes);
  const start =
    format === 'jpeg'
      ? jpegExif(bytes, view)
      : format === 'png'
        ? pngExif(view)
        : format === 'webp'
          ? webpChunk(bytes, 'EXIF')
          : undefined;
  if (start === undefined || start + 6 > view.byteLength) return undefined;
  return view.getUint32(start) === 0x45786966 && view.getUint16(start + 4) === 0 ? start + 6 : start;
}

function jpegExif(bytes: Uint8Array, view: DataView): number | undefined {
  for (const { marker, start, end } of jpegSegments(bytes)) {
    if (marker === 0xe1 && start + 4 <= Math.min(end, bytes.length) && view.getUint32(start) === 0x45786966) return start;
  }
  return undefined;
}

function pngExif(view: DataView): number | undefined {
  for (let at = 8; at + 12 <= view.byteLength; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x65584966) return at + 8;
  }
  return undefined;
}

/** @returns 1 for a file that says nothing, or nothing that makes sense */
export const orientationOf = (bytes: Uint8Array): Orientation => turnOf(bytes)?.orientation ?? 1;

/** The same file without being turned, so that every decoder gives the pixels as they are stored: some turn WebP files, and some do not. */
export function withoutTurn(bytes: Uint8Array): Uint8Array {
  const turn = turnOf(bytes);
  if (!turn) return bytes;
  const copy = new Uint8Array(bytes);
  copy[turn.at] = 1;
  return copy;
}
