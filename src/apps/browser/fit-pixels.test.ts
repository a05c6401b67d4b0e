/** Resizing in the browser against sharp, which the gallery's own images went through. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, type ImageSettings } from '../../models/encoders/image/image.js';
import { fitPixels } from './fit-pixels.js';

/** A smooth image with edges, as photographs are. */
async function image(width: number, height: number): Promise<{ file: Buffer; data: Uint8Array }> {
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
  return {
    file: await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
    data,
  };
}

const settings: ImageSettings[] = [
  { size: 48, fit: 'contain' },
  { size: 64, fit: 'contain', resampling: 'bilinear' },
  { size: 64, fit: 'cover' },
  { size: 64, fit: 'cover', shorterSide: 73, resampling: 'bilinear' },
  { size: 64, fit: 'fill', resampling: 'lanczos' },
  { size: 64, fit: 'cover', shorterSide: 73, resampling: 'pillow-bicubic', cropRounding: 'even' },
  { size: 64, fit: 'contain', resampling: 'pillow-bilinear' },
];
const shapes = [
  [300, 200],
  [123, 457],
  [64, 64],
  [40, 30],
] as const;

describe.each(settings)('%o', (one) => {
  it('is what sharp makes, within two grey levels on average', async () => {
    for (const [width, height] of shapes) {
      const { file, data } = await image(width, height);
      const wanted = await decodeImage(file, one);
      const found = fitPixels({ width, height, data }, one);
      expect(found.length).toBe(wanted.length);
      const apart = wanted.reduce((sum, value, i) => sum + Math.abs(value - (found[i] as number)), 0) / wanted.length;
      expect(apart, `${width} x ${height}`).toBeLessThanOrEqual(one.resampling?.startsWith('pillow-') ? 0 : 2);
    }
  });
});
