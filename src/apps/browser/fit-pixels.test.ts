/** Resizing in the browser against sharp, which the gallery's own images went through. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Orientation } from '../../core/exif-orientation.js';
import { loadedFormat } from '../../models/encoders/image/fitting/shrink-on-load.js';
import { decodeImage, type ImageSettings } from '../../models/encoders/image/image.js';
import { fitPixels } from './fit-pixels.js';

/** A smooth image with edges, as photographs are. */
function drawing(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - width / 2, y - height / 3) < Math.min(width, height) / 3;
      const at = (y * width + x) * 3;
      data[at] = inside ? 200 : (255 * x) / width;
      data[at + 1] = 128 + 100 * Math.sin(x / 17) * Math.cos(y / 11);
      data[at + 2] = inside ? (255 * y) / height : 90;
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** What a browser's decoder gives of a file, and the square that the gallery makes of it. */
async function bothWays(file: Buffer, settings: ImageSettings, orientation: Orientation = 1) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const stored = { width: info.width, height: info.height, data, orientation, format: loadedFormat(file) };
  const [found, wanted] = [fitPixels(stored, settings), await decodeImage(file, settings)];
  expect(found.length).toBe(wanted.length);
  const apart = wanted.map((value, i) => Math.abs(value - (found[i] as number)));
  return { mean: apart.reduce((sum, value) => sum + value, 0) / apart.length, most: apart.reduce((a, b) => Math.max(a, b), 0) };
}

const settings: ImageSettings[] = [
  { size: 48, fit: 'contain' },
  { size: 64, fit: 'contain', resampling: 'bilinear' },
  { size: 64, fit: 'cover' },
  { size: 64, fit: 'cover', shorterSide: 73, resampling: 'bilinear' },
  { size: 64, fit: 'cover', shorterSide: 75, resampling: 'nearest', cropRounding: 'even' },
  { size: 64, fit: 'fill', resampling: 'lanczos' },
  { size: 64, fit: 'fill', shorterSide: 69 },
  { size: 64, fit: 'cover', shorterSide: 73, resampling: 'pillow-bicubic', cropRounding: 'even' },
  { size: 64, fit: 'contain', resampling: 'pillow-bilinear' },
];
const shapes = [
  [300, 200],
  [123, 457],
  [64, 64],
  [40, 30],
  [31, 200],
  [700, 500],
] as const;

describe.each(settings)('%o', (one) => {
  it('is what sharp makes, to the last bit', async () => {
    for (const [width, height] of shapes) {
      const file = await drawing(width, height).png().toBuffer();
      expect(await bothWays(file, one), `${width} x ${height}`).toEqual({ mean: 0, most: 0 });
    }
  });
});

it.each([2, 3, 4, 5, 6, 7, 8] as const)('turns images of orientation %i after resizing, as sharp does', async (orientation) => {
  for (const [width, height] of [
    [301, 200],
    [123, 457],
    [40, 30],
  ] as const) {
    const file = await drawing(width, height).withMetadata({ orientation }).png().toBuffer();
    for (const one of [settings[0], settings[2], settings[6], settings[7]] as ImageSettings[]) {
      expect(await bothWays(file, one, orientation), `${width} x ${height} ${JSON.stringify(one)}`).toEqual({ mean: 0, most: 0 });
    }
  }
});

describe('a file that sharp shrinks while it is decoded', () => {
  const vips = settings.filter(({ resampling }) => resampling !== 'nearest' && !resampling?.startsWith('pillow-'));

  it.each([
    ['JPEG', (image: sharp.Sharp) => image.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }), 0.35, 3],
    ['JPEG with a quarter of the colours', (image: sharp.Sharp) => image.jpeg({ quality: 90 }), 0.45, 8],
    ['lossless WebP', (image: sharp.Sharp) => image.webp({ lossless: true }), 0.1, 2],
    ['WebP', (image: sharp.Sharp) => image.webp({ quality: 90 }), 0.8, 16],
  ] as const)('%s', async (_, encode, mean, most) => {
    for (const [width, height] of [
      [150, 140],
      [303, 257],
      [641, 530],
      [1201, 977],
    ] as const) {
      const file = await encode(drawing(width, height)).toBuffer();
      for (const one of vips) {
        const apart = await bothWays(file, one);
        const label = `${width} x ${height} ${JSON.stringify(one)}`;
        expect(apart.mean, label).toBeLessThanOrEqual(mean);
        expect(apart.most, label).toBeLessThanOrEqual(most);
      }
    }
  });
});
