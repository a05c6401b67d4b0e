/** Pixels as a file stores them, turned as its EXIF orientation says. */
import type { Orientation } from '../../../../core/exif-orientation.js';
import type { Crop, RgbImage } from './pillow-resize.js';

type Size = Pick<RgbImage, 'width' | 'height'>;

export const liesOnSide = (orientation: Orientation) => orientation >= 5;

export const uprightSize = ({ width, height }: Size, orientation: Orientation): Size =>
  liesOnSide(orientation) ? { width: height, height: width } : { width, height };

/** Where the pixel at (x, y) of the upright image is stored. */
function storedPlace(x: number, y: number, { width, height }: Size, orientation: Orientation): [number, number] {
  const [right, bottom] = [width - 1, height - 1];
  const places: Record<Orientation, [number, number]> = {
    1: [x, y],
    2: [right - x, y],
    3: [right - x, bottom - y],
    4: [x, bottom - y],
    5: [y, x],
    6: [y, bottom - x],
    7: [right - y, bottom - x],
    8: [right - y, x],
  };
  return places[orientation];
}

/** The part of the stored image that is a part of the upright one. @param stored the size of the stored image */
export function storedCrop({ left, top, width, height }: Crop, stored: Size, orientation: Orientation): Crop {
  const [x1, y1] = storedPlace(left, top, stored, orientation);
  const [x2, y2] = storedPlace(left + width - 1, top + height - 1, stored, orientation);
  return { left: Math.min(x1, x2), top: Math.min(y1, y2), width: Math.abs(x2 - x1) + 1, height: Math.abs(y2 - y1) + 1 };
}

export function upright(image: RgbImage, orientation: Orientation): RgbImage {
  if (orientation === 1) return image;
  const { width, height } = uprightSize(image, orientation);
  const data = new Uint8Array(width * height * 3);
  // The places of a row are equally far apart.
  const [x0, y0] = storedPlace(0, 0, image, orientation);
  const [x1, y1] = storedPlace(1, 0, image, orientation);
  const step = ((y1 - y0) * image.width + x1 - x0) * 3;
  for (let y = 0, to = 0; y < height; y++) {
    const [x, row] = storedPlace(0, y, image, orientation);
    for (let i = 0, from = (row * image.width + x) * 3; i < width; i++, from += step) {
      data[to++] = image.data[from] as number;
      data[to++] = image.data[from + 1] as number;
      data[to++] = image.data[from + 2] as number;
    }
  }
  return { width, height, data };
}
