import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../image.js';
import { pillowResize } from './pillow-resize.js';

const fixtures = fileURLToPath(new URL('../../../../../test/fixtures/', import.meta.url));
const report = JSON.parse(readFileSync(`${fixtures}clip-pictures.json`, 'utf8')) as {
  mean: number[];
  deviation: number[];
  pictures: Record<string, { size: number; sha256: { openClip: string; transformers: string }; values: number[][] }>;
};
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const decode = (name: string, resampling: 'pillow-bicubic' | 'bicubic') =>
  decodeImage(`${fixtures}clip-pictures/${name}.png`, { size: report.pictures[name]?.size as number, resampling });

function farthest(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

describe('pictures for CLIP (scripts/reference/make_clip_fixtures.py)', () => {
  const names = Object.keys(report.pictures);
  it('has pictures to compare', () => expect(names.length).toBe(10));

  it.each(names)('%s: the pixels of transformers to the bit', async (name) => {
    const { size, sha256 } = report.pictures[name]!;
    const pixels = await decode(name, 'pillow-bicubic');
    if (size < 100) {
      const golden = await sharp(`${fixtures}clip-pictures/${name}.golden.png`).removeAlpha().raw().toBuffer();
      // Laying transparency over white rounds in its own way: at most 2 of 255.
      expect(farthest(pixels, golden)).toBeLessThanOrEqual(name === 'alpha' ? 2 : 0);
    }
    if (name !== 'alpha') expect(digest(pixels)).toBe(sha256.transformers);
    // open_clip crops an odd margin the other way; elsewhere they are the same.
    expect(sha256.openClip === sha256.transformers).toBe(name !== 'crop-of-three');
  });

  it.each(names.filter((name) => name !== 'crop-of-three' && name !== 'alpha'))(
    '%s: the normalised values of open_clip',
    async (name) => {
      const { size, values } = report.pictures[name]!;
      const pixels = await decode(name, 'pillow-bicubic');
      values.forEach((row, channel) => {
        row.forEach((expected, i) => {
          const value = (pixels[(5 * size + 3 + i) * 3 + channel] as number) / 255;
          expect((value - report.mean[channel]!) / report.deviation[channel]!).toBeCloseTo(expected, 5);
        });
      });
    },
  );

  it('is needed: libvips is further than 1e-2 in normalised units', async () => {
    const difference = farthest(await decode('wide', 'pillow-bicubic'), await decode('wide', 'bicubic'));
    expect(difference / 255 / 0.27).toBeGreaterThan(1e-2);
  });
});

describe('pillowResize', () => {
  it('averages pairs by hand: bilinear from 4 to 2', () => {
    // Support 2 around 1: weights (0.25, 0.75, 0.75, 0.25) / 1.75 over places 0 to 2 and 1 to 3.
    const row = [0, 100, 200, 50];
    const image = { width: 4, height: 1, data: Uint8Array.from(row.flatMap((value) => [value, value, value])) };
    const { data } = pillowResize(image, 2, 1, 'bilinear');
    const left = (0.75 * 0 + 0.75 * 100 + 0.25 * 200) / 1.75;
    const right = (0.25 * 100 + 0.75 * 200 + 0.75 * 50) / 1.75;
    expect([data[0], data[3]]).toEqual([Math.round(left), Math.round(right)]);
  });

  it('gives the crop of the whole', () => {
    const image = { width: 37, height: 23, data: Uint8Array.from({ length: 37 * 23 * 3 }, (_, i) => (i * 53) % 256) };
    for (const filter of ['bilinear', 'bicubic', 'lanczos'] as const) {
      const whole = pillowResize(image, 17, 29, filter);
      const part = pillowResize(image, 17, 29, filter, { left: 3, top: 5, width: 9, height: 11 });
      for (let y = 0; y < 11; y++) {
        const from = ((y + 5) * 17 + 3) * 3;
        expect(part.data.subarray(y * 27, (y + 1) * 27)).toEqual(whole.data.subarray(from, from + 27));
      }
    }
  });

  it('differs by a few grey levels only where a picture is too large to be taken as it is', async () => {
    const raw = { width: 5000, height: 4000, channels: 3 } as const;
    const noise = sharp({
      create: { width: 250, height: 200, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 50 } },
    });
    const data = await sharp(await noise.png().toBuffer())
      .resize(raw.width, raw.height, { kernel: 'cubic' })
      .raw()
      .toBuffer();
    const png = await sharp(data, { raw }).png({ compressionLevel: 1 }).toBuffer();
    const exact = pillowResize({ ...raw, data }, 60, 48, 'bicubic', { left: 6, top: 0, width: 48, height: 48 });
    const taken = await decodeImage(png, { size: 48, resampling: 'pillow-bicubic' });
    const difference = farthest(taken, exact.data);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThanOrEqual(4);
  });

  it('fills, contains, and crops from a longer shorter side', async () => {
    const image = `${fixtures}clip-pictures/wide.png`;
    const [fill, contain, crop, whole] = await Promise.all([
      decodeImage(image, { size: 20, resampling: 'pillow-bicubic', fit: 'fill' }),
      decodeImage(image, { size: 20, resampling: 'pillow-bicubic', fit: 'contain' }),
      decodeImage(image, { size: 20, resampling: 'pillow-bicubic', shorterSide: 24 }),
      decodeImage(image, { size: 24, resampling: 'pillow-bicubic' }),
    ]);
    expect(fill.length).toBe(1200);
    expect([...contain.subarray(0, 60)]).toEqual(new Array(60).fill(255));
    const rows = Array.from({ length: 20 }, (_, y) => [...whole.subarray(((y + 2) * 24 + 2) * 3, ((y + 2) * 24 + 22) * 3)]);
    expect([...crop]).toEqual(rows.flat());
    const vips = await decodeImage(image, { size: 20, shorterSide: 24 });
    expect(vips.length).toBe(1200);
  });
});
