import { describe, expect, it } from 'vitest';
import { overPicture } from './heat-map.js';

const round = (weights: number[]) => weights.map((weight) => Math.round(weight * 1e6) / 1e6);

describe('overPicture', () => {
  it('is the map itself on a square picture, or a stretched one', () => {
    const weights = [0.1, 0.2, 0.3, 0.4];
    for (const fit of ['cover', 'contain', 'fill'] as const) {
      expect(overPicture(weights, 2, { width: 70, height: 70 }, { size: 32, fit })).toEqual({
        columns: 2,
        rows: 2,
        weights: [expect.closeTo(0.1), expect.closeTo(0.2), expect.closeTo(0.3), expect.closeTo(0.4)],
      });
    }
    expect(overPicture(weights, 2, { width: 300, height: 70 }, { size: 32, fit: 'fill' })).toMatchObject({ columns: 2, rows: 2 });
  });

  it('covers the middle of a wide picture', () => {
    const map = overPicture([0.1, 0.2, 0.3, 0.4], 2, { width: 200, height: 100 }, { size: 32, fit: 'cover' });
    expect([map.columns, map.rows]).toEqual([4, 2]);
    expect(round(map.weights)).toEqual([0, 0.1, 0.2, 0, 0, 0.3, 0.4, 0]);
  });

  it('takes the crop of the shorter side into account', () => {
    // Of 64 pixels the middle 32 are seen, so the square is half as wide as the picture.
    const map = overPicture([0.1, 0.2, 0.3, 0.4], 2, { width: 80, height: 80 }, { size: 32, fit: 'cover', shorterSide: 64 });
    expect([map.columns, map.rows]).toEqual([4, 4]);
    expect(round(map.weights)).toEqual([0, 0, 0, 0, 0, 0.1, 0.2, 0, 0, 0.3, 0.4, 0, 0, 0, 0, 0]);
  });

  it('leaves out what went to the borders of a high picture', () => {
    const weights = Array.from({ length: 16 }, (_, i) => (i + 1) / 136);
    const map = overPicture(weights, 4, { width: 50, height: 100 }, { size: 32, fit: 'contain' });
    expect([map.columns, map.rows]).toEqual([2, 4]);
    const inside = [2, 3, 6, 7, 10, 11, 14, 15];
    expect(round(map.weights)).toEqual(round(inside.map((value) => value / 68)));
    // All weight on the border tells nothing.
    const border = overPicture(
      [1, 0, 0, 1].concat(new Array(12).fill(0)),
      4,
      { width: 50, height: 100 },
      { size: 32, fit: 'contain' },
    );
    expect(round(border.weights)).toEqual(new Array(8).fill(0.125));
  });

  it('stays small on very long pictures', () => {
    const map = overPicture(new Array(49).fill(1 / 49), 7, { width: 10_000, height: 10 }, { size: 224 });
    expect([map.columns, map.rows]).toEqual([28, 7]);
    expect(map.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
  });
});
