/** Image files to pixels by the browser's own decoders, over white, in sRGB. */
import { LimnError } from '../../core/errors.js';
import { orientationOf, withoutTurn } from '../../core/exif-orientation.js';
import { jpegFrame } from '../../core/jpeg-segments.js';
import { type Box, boxPixels } from '../../models/encoders/image/box.js';
import { jpegDivisor, type StoredImage } from '../../models/encoders/image/fitting/fit-as-sharp.js';
import { pillowFilterOf } from '../../models/encoders/image/fitting/fit-image.js';
import type { Crop, RgbImage } from '../../models/encoders/image/fitting/pillow-resize.js';
import { loadedFormat } from '../../models/encoders/image/fitting/shrink-on-load.js';
import { storedCrop, upright, uprightSize } from '../../models/encoders/image/fitting/upright.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';

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

/** How an image is wanted. */
export interface DecodeOptions {
  /** What it will be fitted into, as JPEG files are made smaller while they are decoded. */
  settings: ImageSettings;
  /** Only this part of the upright image. @default all of it */
  box?: Box | undefined;
}

/** @throws as {@link imageSize} */
export async function decodePixels(bytes: Uint8Array, name: string, { settings, box }: DecodeOptions): Promise<StoredImage> {
  const orientation = orientationOf(bytes);
  const shrunk = box ? undefined : await shrunkJpeg(bytes, settings);
  if (shrunk) return { ...shrunk, orientation };
  const bitmap = await bitmapOf(bytes, name);
  try {
    const { width, height } = bitmap;
    if (!box) return { ...readPixels(bitmap, { left: 0, top: 0, width, height }), orientation, format: loadedFormat(bytes) };
    const part = boxPixels(box, uprightSize(bitmap, orientation));
    return upright(readPixels(bitmap, storedCrop(part, bitmap, orientation)), orientation);
  } finally {
    bitmap.close();
  }
}

/** A JPEG file as libjpeg makes it smaller, where the gallery has it do that and the browser's decoder can be asked to; to the last bit, in Chromium. */
async function shrunkJpeg(bytes: Uint8Array, settings: ImageSettings): Promise<RgbImage | undefined> {
  const frame = 'ImageDecoder' in globalThis && !pillowFilterOf(settings.resampling) ? jpegFrame(bytes) : undefined;
  const n = frame ? jpegDivisor(frame, orientationOf(bytes), settings) : 1;
  if (!frame || n === 1) return undefined;
  const [desiredWidth, desiredHeight] = [Math.ceil(frame.width / n), Math.ceil(frame.height / n)];
  const data = withoutTurn(bytes) as Uint8Array<ArrayBuffer>;
  const decoder = new ImageDecoder({ data, type: 'image/jpeg', desiredWidth, desiredHeight });
  // What it cannot decode is tried once more in the usual way, which says what is wrong.
  const image = await decoder.decode().then(
    (decoded) => decoded.image,
    () => undefined,
  );
  try {
    if (image?.displayWidth !== desiredWidth || image.displayHeight !== desiredHeight) return undefined;
    // libvips drops what is left of a side.
    return readPixels(image, { left: 0, top: 0, width: Math.floor(frame.width / n), height: Math.floor(frame.height / n) });
  } finally {
    image?.close();
    decoder.close();
  }
}

function readPixels(bitmap: ImageBitmap | VideoFrame, part: Crop): RgbImage {
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
