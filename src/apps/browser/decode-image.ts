/** Image files to pixels by the browser's own decoders, over white, in sRGB. */
import { LimnError } from '../../core/errors.js';
import { orientationOf, withoutTurn } from '../../core/exif-orientation.js';
import { type Box, boxPixels } from '../../models/encoders/image/box.js';
import type { StoredImage } from '../../models/encoders/image/fit-as-sharp.js';
import type { Crop, RgbImage } from '../../models/encoders/image/pillow-resize.js';
import { loadedFormat } from '../../models/encoders/image/shrink-on-load.js';
import { storedCrop, upright, uprightSize } from '../../models/encoders/image/upright.js';

/** Larger images are drawn smaller: their pixels take 100 MB. */
const mostPixels = 2 ** 25;
/** An image is read in strips, because some browsers have no room for a large canvas. */
const stripPixels = 2 ** 21;

async function bitmapOf(bytes: Uint8Array, name: string): Promise<ImageBitmap> {
  const blob = new Blob([withoutTurn(bytes) as Uint8Array<ArrayBuffer>]);
  return createImageBitmap(blob, { imageOrientation: 'from-image' }).catch((cause) => {
    throw new LimnError('IMAGE', `Your browser cannot read ${name} as an image. JPEG, PNG and WebP work everywhere.`, {
      cause,
    });
  });
}

/** Of the upright image. @throws LimnError IMAGE for a file that the browser cannot decode */
export async function imageSize(bytes: Uint8Array, name: string): Promise<{ width: number; height: number }> {
  const bitmap = await bitmapOf(bytes, name);
  const size = uprightSize(bitmap, orientationOf(bytes));
  bitmap.close();
  return size;
}

/** @param box only this part of the upright image. @throws as {@link imageSize} */
export async function decodePixels(bytes: Uint8Array, name: string, box?: Box): Promise<StoredImage> {
  const bitmap = await bitmapOf(bytes, name);
  const orientation = orientationOf(bytes);
  try {
    const { width, height } = bitmap;
    if (!box) return { ...readPixels(bitmap, { left: 0, top: 0, width, height }), orientation, format: loadedFormat(bytes) };
    const part = boxPixels(box, uprightSize(bitmap, orientation));
    return upright(readPixels(bitmap, storedCrop(part, bitmap, orientation)), orientation);
  } finally {
    bitmap.close();
  }
}

function readPixels(bitmap: ImageBitmap, part: Crop): RgbImage {
  const scale = Math.min(1, Math.sqrt(mostPixels / (part.width * part.height)));
  const [width, height] = [part.width, part.height].map((length) => Math.max(1, Math.round(length * scale))) as [number, number];
  const rows = Math.min(height, Math.max(1, Math.floor(stripPixels / width)));
  const context = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true, alpha: false });
  if (!context) throw new LimnError('RUNTIME', 'Your browser cannot decode images in a worker. Use a newer one.');
  context.fillStyle = '#fff';
  context.imageSmoothingQuality = 'high';
  const rgb = new Uint8Array(width * height * 3);
  for (let top = 0, to = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    context.fillRect(0, 0, width, count);
    context.drawImage(bitmap, part.left, part.top, part.width, part.height, 0, -top, width, height);
    const { data } = context.getImageData(0, 0, width, count);
    for (let from = 0; from < data.length; from += 4) {
      rgb[to++] = data[from] as number;
      rgb[to++] = data[from + 1] as number;
      rgb[to++] = data[from + 2] as number;
    }
  }
  return { width, height, data: rgb };
}
