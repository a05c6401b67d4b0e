import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { LimnError } from '../../../core/errors.js';
import { decodeImage } from './image.js';

const folder = mkdtempSync(join(tmpdir(), 'limn-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A picture whose left half is one colour and whose right half another. */
function halves(left: number[], right: number[], width = 64, height = 64) {
  const channels = left.length as 3 | 4;
  const data = Buffer.alloc(width * height * channels);
  for (let i = 0; i < width * height; i++) data.set(i % width < width / 2 ? left : right, i * channels);
  return sharp(data, { raw: { width, height, channels } });
}

const pixel = (data: Uint8Array, x: number, y: number, size: number) => [
  ...data.subarray((y * size + x) * 3, (y * size + x) * 3 + 3),
];

function expectNear(actual: number[], expected: number[], tolerance: number) {
  expect(Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThanOrEqual(tolerance);
}

async function errorOf(work: Promise<unknown>): Promise<LimnError> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(LimnError.isInstance(error)).toBe(true);
  expect(error.message).not.toContain('\n');
  return error;
}

describe('decodeImage', () => {
  const red = [200, 30, 20];
  const blue = [20, 40, 180];

  it('gives exact RGB of a picture that has the size already', async () => {
    const data = await decodeImage(await halves(red, blue).png().toBuffer(), { size: 64 });
    expect(data.length).toBe(64 * 64 * 3);
    expect([pixel(data, 0, 0, 64), pixel(data, 63, 63, 64)]).toEqual([red, blue]);
  });

  it.each([1, 3, 6, 8])('takes a part of the picture as it is seen, of orientation %i', async (orientation) => {
    const noise = Buffer.from(Array.from({ length: 60 * 40 * 3 }, (_, i) => (i * 7919) % 251));
    const file = await sharp(noise, { raw: { width: 60, height: 40, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const upright = await sharp(file, { autoOrient: true }).png().toBuffer();
    const { width, height } = await sharp(upright).metadata();
    const box = { left: 0.25, top: 0.5, width: 0.5, height: 0.25 };
    const part = { left: width / 4, top: height / 2, width: width / 2, height: height / 4 };
    const alone = await sharp(upright).extract(part).png().toBuffer();
    for (const resampling of ['bicubic', 'pillow-bicubic'] as const) {
      const settings = { size: 16, resampling };
      expect(await decodeImage(file, { ...settings, box })).toEqual(await decodeImage(alone, settings));
    }
    // A part that is smaller than a pixel is a pixel.
    const tiny = { left: 0.999, top: 0, width: 0.0005, height: 0.0005 };
    expect(await decodeImage(file, { size: 4, box: tiny })).toHaveLength(48);
  });

  it('turns by the EXIF orientation', async () => {
    const turned = await halves(red, blue).withMetadata({ orientation: 6 }).png().toBuffer();
    const data = await decodeImage(turned, { size: 16 });
    expectNear(pixel(data, 8, 1, 16), red, 2);
    expectNear(pixel(data, 8, 14, 16), blue, 2);
  });

  it('lays transparency over white', async () => {
    const data = await decodeImage(await halves([0, 0, 0, 0], [100, 0, 0, 128]).png().toBuffer(), { size: 16 });
    expect(pixel(data, 1, 1, 16)).toEqual([255, 255, 255]);
    expectNear(pixel(data, 14, 1, 16), [177, 127, 127], 2);
  });

  it('widens greyscale, of 8 and of 16 bits', async () => {
    const grey = sharp(Buffer.alloc(256, 77), { raw: { width: 16, height: 16, channels: 1 } }).toColourspace('b-w');
    expect(pixel(await decodeImage(await grey.png().toBuffer(), { size: 16 }), 3, 3, 16)).toEqual([77, 77, 77]);
    const deep = sharp(new Uint16Array(256).fill(77 * 257), { raw: { width: 16, height: 16, channels: 1 } });
    const png = await deep.toColourspace('grey16').png().toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    expectNear(pixel(await decodeImage(png, { size: 16 }), 3, 3, 16), [77, 77, 77], 1);
  });

  it('narrows 16-bit colour to 8', async () => {
    const png = await halves(red, blue).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    expectNear(pixel(await decodeImage(png, { size: 16 }), 1, 1, 16), red, 2);
  });

  it('converts CMYK', async () => {
    const jpeg = await halves(red, blue).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
    const data = await decodeImage(jpeg, { size: 16 });
    expectNear(pixel(data, 1, 1, 16), red, 40);
    expectNear(pixel(data, 14, 1, 16), blue, 60);
  });

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(16 * 16 * 3, 10), Buffer.alloc(16 * 16 * 3, 240)]);
    const gif = await sharp(frames, { raw: { width: 16, height: 32, channels: 3, pageHeight: 16 } })
      .gif()
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    expectNear(pixel(await decodeImage(gif, { size: 16 }), 8, 8, 16), [10, 10, 10], 3);
  });

  it('stretches, crops or pads', async () => {
    const wide = await halves(red, blue, 96, 32).png().toBuffer();
    const fill = await decodeImage(wide, { size: 32, fit: 'fill' });
    expectNear(pixel(fill, 14, 0, 32), red, 3);
    const contain = await decodeImage(wide, { size: 48, fit: 'contain' });
    expect(pixel(contain, 24, 2, 48)).toEqual([255, 255, 255]);
    const left = await sharp({ create: { width: 96, height: 32, channels: 3, background: '#ffffff' } })
      .composite([{ input: { create: { width: 30, height: 32, channels: 3, background: '#000000' } }, left: 0, top: 0 }])
      .png()
      .toBuffer();
    const cover = await decodeImage(left, { size: 32, fit: 'cover' });
    expect(Math.min(...cover)).toBeGreaterThan(200);
  });

  it('names a file that is no picture', async () => {
    const path = join(folder, 'words.jpg');
    writeFileSync(path, 'not a picture');
    const error = await errorOf(decodeImage(path, { size: 16 }));
    expect(error.code).toBe('IMAGE');
    expect(error.message).toBe(`${path} is not a picture that limn can read. Replace it or take it out.`);
    writeFileSync(path, '');
    expect((await errorOf(decodeImage(path, { size: 16 }))).message).toContain('is not a picture');
  });

  it.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)('names a %s that is cut short', async (format) => {
    const noise = { type: 'gaussian', mean: 120, sigma: 40 } as const;
    const bytes = await sharp({ create: { width: 200, height: 150, channels: 3, background: '#000000', noise } })
      .toFormat(format)
      .toBuffer();
    const path = join(folder, `cut.${format}`);
    writeFileSync(path, bytes.subarray(0, bytes.length * 0.6));
    const { message } = await errorOf(decodeImage(path, { size: 16 }));
    expect(message.startsWith(`${path} is damaged or cut short`), message).toBe(true);
  });

  it.each([
    ['CMYK JPEG', (image: Sharp) => image.toColourspace('cmyk').jpeg({ quality: 100 })],
    ['grey JPEG', (image: Sharp) => image.greyscale().jpeg({ quality: 100 })],
    ['progressive JPEG', (image: Sharp) => image.jpeg({ quality: 100, progressive: true })],
    ['PNG of 16 bits', (image: Sharp) => image.toColourspace('rgb16').png()],
    ['PNG with a palette', (image: Sharp) => image.png({ palette: true })],
    ['interlaced PNG', (image: Sharp) => image.png({ progressive: true })],
    ['lossless WebP', (image: Sharp) => image.webp({ lossless: true })],
    ['GIF', (image: Sharp) => image.gif()],
    ['AVIF', (image: Sharp) => image.avif({ quality: 90 })],
    ['TIFF with JPEG in it', (image: Sharp) => image.tiff({ compression: 'jpeg', quality: 100 })],
    ['TIFF with LZW', (image: Sharp) => image.tiff({ compression: 'lzw' })],
  ])('reads a %s as what it shows', async (name, write) => {
    const grey = { r: 140, g: 140, b: 140 };
    const background = name.startsWith('grey') ? grey : { r: 200, g: 140, b: 90 };
    const bytes = await write(sharp({ create: { width: 40, height: 40, channels: 3, background } })).toBuffer();
    // Colours of print are converted by a profile.
    const tolerance = name.startsWith('CMYK') ? 24 : 6;
    expectNear(pixel(await decodeImage(bytes, { size: 16 }), 8, 8, 16), Object.values(background), tolerance);
  });

  it('refuses a picture over a limit before decoding it', async () => {
    const wide = { width: 40_000, height: 8_000, channels: 3, background: '#ffffff' } as const;
    const path = join(folder, 'wide.png');
    await sharp({ create: wide, limitInputPixels: false }).png({ compressionLevel: 1 }).toFile(path);
    const error = await errorOf(decodeImage(path, { size: 16 }));
    expect(error.message).toBe(
      `${path} is 40000 x 8000 pixels, more than the limit of 268402689 pixels. Make it smaller or take it out.`,
    );
    const narrow = await sharp({ create: { ...wide, height: 2 } })
      .png()
      .toBuffer();
    expect((await errorOf(decodeImage(narrow, { size: 16, label: 'narrow.png' }))).message).toMatch(
      /^narrow\.png is 40000 x 2 pixels, more than the limit of 32767 on a side\./,
    );
  });

  it('names a file that is missing', async () => {
    expect((await errorOf(decodeImage('/nowhere/a.jpg', { size: 16 }))).message).toBe(
      'The picture /nowhere/a.jpg does not exist. Check the path.',
    );
  });
});
