/** Image files to pixels by the browser's own decoders, upright, over white, in sRGB. */
import { LimnError } from '../../core/errors.js';
import { type Box, boxPixels } from '../../models/encoders/image/box.js';
import type { RgbImage } from '../../models/encoders/image/pillow-resize.js';

/** Larger images are drawn smaller, which every browser has room for. */
const mostPixels = 2 ** 24;

async function bitmapOf(bytes: Uint8Array, name: string): Promise<ImageBitmap> {
  return createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), { imageOrientation: 'from-image' }).catch((cause) => {
    throw new LimnError('IMAGE', `Your browser cannot read ${name} as an image. JPEG, PNG and WebP work everywhere.`, {
      cause,
    });
  });
}

/** @throws LimnError IMAGE for a file that the browser cannot decode */
export async function imageSize(bytes: Uint8Array, name: string): Promise<{ width: number; height: number }> {
  const bitmap = await bitmapOf(bytes, name);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

/** @param box only this part of the upright image. @throws as {@link imageSize} */
export async function decodePixels(bytes: Uint8Array, name: string, box?: Box): Promise<RgbImage> {
  const bitmap = await bitmapOf(bytes, name);
  try {
    const part = box ? boxPixels(box, bitmap) : { left: 0, top: 0, width: bitmap.width, height: bitmap.height };
    const scale = Math.min(1, Math.sqrt(mostPixels / (part.width * part.height)));
    const [width, height] = [Math.max(1, Math.round(part.width * scale)), Math.max(1, Math.round(part.height * scale))];
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
    if (!context) throw new LimnError('RUNTIME', 'Your browser cannot decode images in a worker. Use a newer one.');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, part.left, part.top, part.width, part.height, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const rgb = new Uint8Array(width * height * 3);
    for (let from = 0, to = 0; to < rgb.length; from += 4) {
      rgb[to++] = data[from] as number;
      rgb[to++] = data[from + 1] as number;
      rgb[to++] = data[from + 2] as number;
    }
    return { width, height, data: rgb };
  } finally {
    bitmap.close();
  }
}
