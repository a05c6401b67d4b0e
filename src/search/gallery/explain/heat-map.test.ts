import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, type ImageSettings } from '../../../models/encoders/image/image.js';
import { overImage } from './heat-map.js';

const round = (weights: number[]) => weights.map((weight) => Math.round(weight * 1e6) / 1e6);

describe('overPicture', () => {
  it('is the map itself on a square picture, or a stretched one', () => {
    const weights = [0.1, 0.2, 0.3, 0.4];
    for (const fit of ['cover', 'contain', 'fill'] as const) {
      expect(overImage(weights, 2, { width: 70, height: 70 }, { size: 32, fit })).toEqual({
        columns: 2,
        rows: 2,
        weights: [expect.closeTo(0.1), expect.closeTo(0.2), expect.closeTo(0.3), expect.closeTo(0.4)],
      });
    }
    expect(overImage(weights, 2, { width: 300, height: 70 }, { size: 32, fit: 'fill' })).toMatchObject({ columns: 2, rows: 2 });
  });

  it('covers the middle of a wide picture', () => {
    const map = overImage([0.1, 0.2, 0.3, 0.4], 2, { width: 200, height: 100 }, { size: 32, fit: 'cover' });
    expect([map.columns, map.rows]).toEqual([4, 2]);
    expect(round(map.weights)).toEqual([0, 0.1, 0.2, 0, 0, 0.3, 0.4, 0]);
  });

  it('takes the crop of the shorter side into account', () => {
    // Of 64 pixels the middle 32 are seen, so the square is half as wide as the picture.
    const map = overImage([0.1, 0.2, 0.3, 0.4], 2, { width: 80, height: 80 }, { size: 32, fit: 'cover', shorterSide: 64 });
    expect([map.columns, map.rows]).toEqual([4, 4]);
    expect(round(map.weights)).toEqual([0, 0, 0, 0, 0, 0.1, 0.2, 0, 0, 0.3, 0.4, 0, 0, 0, 0, 0]);
  });

  it('leaves out what went to the borders of a high picture', () => {
    const weights = Array.from({ length: 16 }, (_, i) => (i + 1) / 136);
    const map = overImage(weights, 4, { width: 50, height: 100 }, { size: 32, fit: 'contain' });
    expect([map.columns, map.rows]).toEqual([2, 4]);
    const inside = [2, 3, 6, 7, 10, 11, 14, 15];
    expect(round(map.weights)).toEqual(round(inside.map((value) => value / 68)));
    // All weight on the border tells nothing.
    const border = overImage(
      [1, 0, 0, 1].concat(new Array(12).fill(0)),
      4,
      { width: 50, height: 100 },
      { size: 32, fit: 'contain' },
    );
    expect(round(border.weights)).toEqual(new Array(8).fill(0.125));
  });

  it('stays small on very long pictures', () => {
    const map = overImage(new Array(49).fill(1 / 49), 7, { width: 10_000, height: 10 }, { size: 224 });
    expect([map.columns, map.rows]).toEqual([28, 7]);
    expect(map.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
  });

  it.each([
    { size: 64, fit: 'fill' },
    { size: 64, fit: 'cover' },
    { size: 64, fit: 'cover', shorterSide: 96 },
    { size: 64, fit: 'contain' },
    { size: 64, fit: 'cover', shorterSide: 80, resampling: 'pillow-bicubic' },
    { size: 64, fit: 'contain', resampling: 'pillow-bilinear' },
  ] satisfies ImageSettings[])('lies where the encoder got its pixels from: %j', async (settings) => {
    const side = 4;
    // 6: turned by a quarter, as cameras write it.
    for (const [width, height, orientation] of [
      [240, 160, 1],
      [150, 260, 1],
      [260, 150, 6],
    ] as const) {
      // Each pixel's colour says where it is.
      const pixels = Buffer.alloc(width * height * 3);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) pixels.set([(200 * x) / width, (200 * y) / height, 0], (y * width + x) * 3);
      const raw = { width, height, channels: 3 as const };
      const file = await sharp(pixels, { raw }).withMetadata({ orientation }).png().toBuffer();
      const seen = await decodeImage(file, settings);
      const { autoOrient } = await sharp(file).metadata();
      let cells = 0;
      for (let cell = 0; cell < side * side; cell++) {
        const place = meanColour(seen, settings.size, side, cell);
        // White is a border, and what is near it is half one.
        if (place.blue > 1) continue;
        cells++;
        const weights = new Array(side * side).fill(0).with(cell, 1);
        const centre = centreOf(overImage(weights, side, autoOrient, settings));
        // Turned, the picture's x is from its bottom up, and its y is the file's x.
        const [x, y] = orientation === 6 ? [1 - place.green / 200, place.red / 200] : [place.red / 200, place.green / 200];
        expect(Math.abs(centre.x - x), `cell ${cell}`).toBeLessThan(0.04);
        expect(Math.abs(centre.y - y), `cell ${cell}`).toBeLessThan(0.04);
      }
      expect(cells).toBeGreaterThanOrEqual(side * 2);
    }
  });
});

/** Of one cell of a grid over a decoded picture. */
function meanColour(image: Uint8Array, size: number, side: number, cell: number) {
  const [top, left, step] = [Math.floor(cell / side), cell % side, size / side];
  const sums = [0, 0, 0];
  for (let y = top * step; y < (top + 1) * step; y++) {
    for (let x = left * step; x < (left + 1) * step; x++)
      for (let c = 0; c < 3; c++) sums[c]! += image[(y * size + x) * 3 + c] as number;
  }
  const [red, green, blue] = sums.map((sum) => sum / step ** 2) as [number, number, number];
  return { red, green, blue };
}

/** Where the weights of a map lie, as parts of its width and height. */
function centreOf({ columns, rows, weights }: ReturnType<typeof overImage>) {
  let [x, y] = [0, 0];
  weights.forEach((weight, i) => {
    x += (weight * ((i % columns) + 0.5)) / columns;
    y += (weight * (Math.floor(i / columns) + 0.5)) / rows;
  });
  return { x, y };
}
