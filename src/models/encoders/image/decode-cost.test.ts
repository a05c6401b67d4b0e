import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeCost } from './decode-cost.js';

const [width, height] = [2000, 1500];
const blank = (channels: 3 | 4 = 3) => sharp({ create: { width, height, channels, background: '#808080' } });
const cost = async (image: Sharp) => decodeCost(await image.toBuffer());
const pixels = width * height;

describe('decodeCost', () => {
  it('of what is decoded whole is all of its pixels', async () => {
    for (const image of [
      blank().png({ progressive: true }),
      blank().webp(),
      blank().gif(),
      blank().tiff({ compression: 'deflate' }),
      blank().avif({ effort: 0 }),
    ]) {
      const found = await cost(image);
      expect(found).toMatchObject({ width, height, work: pixels });
      expect(found.memory).toBeGreaterThanOrEqual(3 * pixels);
      expect(found.memory).toBeLessThanOrEqual(8 * pixels);
    }
  });

  it('of a progressive JPEG is its coefficients, which are fewer where colours are halved', async () => {
    const [full, halved] = [
      await cost(blank().jpeg({ progressive: true, chromaSubsampling: '4:4:4' })),
      await cost(blank().jpeg({ progressive: true, chromaSubsampling: '4:2:0' })),
    ];
    expect([full.work, halved.work]).toEqual([pixels, pixels]);
    expect(full.memory - halved.memory).toBe(3 * pixels);
    expect(halved.memory).toBeGreaterThanOrEqual(3 * pixels);
  });

  it('of what is decoded line by line is less, unless it has to be turned', async () => {
    const tall = () => sharp({ create: { width: 1000, height: 8000, channels: 3, background: '#808080' } });
    for (const [plain, weight] of [
      [tall().jpeg(), 1 / 8],
      [tall().png(), 1 / 2],
    ] as const)
      expect(await cost(plain)).toEqual({ width: 1000, height: 8000, work: 8e6 * weight, memory: 1000 * 3 * 1024 });
    const turned = await cost(tall().withMetadata({ orientation: 6 }).jpeg());
    expect([turned.work, turned.memory]).toEqual([4e6, 24e6]);
  });

  it('counts samples of two bytes, and transparency', async () => {
    const deep = blank(4).toColourspace('rgb16').png({ progressive: true });
    expect((await cost(deep)).memory).toBe(8 * pixels);
  });

  it('is not known of what is no picture', async () => {
    await expect(decodeCost(Buffer.from('no picture'))).rejects.toThrow();
  });
});
