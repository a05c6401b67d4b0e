import { describe, expect, it } from 'vitest';
import { dot } from '../../../core/dot.js';
import { Random } from '../../../core/random.js';
import { units } from '../testing/items.js';
import { Matrix } from './matrix.js';
import { Scanner } from './scan.js';
import { Smallest } from './smallest.js';

describe('the exact search', () => {
  it.each([1, 3, 15, 16, 17, 64, 100, 513])('finds what a loop finds, for vectors of %i', (width) => {
    // Blocks of a few rows, so that searches cross them.
    const matrix = new Matrix(width, 40 * 4 * Math.ceil(width / 16) * 16);
    const data = units(new Random(width), 700, width);
    matrix.append(data.subarray(0, 33 * width));
    matrix.append(data.subarray(33 * width));
    const scanner = new Scanner(matrix.layout, 3);
    matrix.blocks.forEach((memory) => {
      scanner.addBlock(memory);
    });
    expect(matrix.blocks.length).toBe(18);
    expect(matrix.row(77)).toEqual(data.subarray(77 * width, 78 * width));
    for (const [from, to, limit] of [
      [0, 700, 10],
      [39, 41, 5],
      [123, 640, 30],
      [0, 700, 700],
    ] as const) {
      const query = units(new Random(limit), 1, width);
      const skip = Uint8Array.from({ length: to - from }, (_, i) => (i % 7 === 0 ? 1 : 0));
      const { rows, similarities } = scanner.scan({ query, from, skip, limit });
      const found = Array.from(rows, (row, i) => ({ row, similarity: similarities[i]! }));
      const expected = Array.from(skip.keys())
        .filter((i) => skip[i] === 0)
        .map((i) => ({ row: from + i, similarity: dot(query, 0, data, (from + i) * width, width) }))
        .sort((a, b) => b.similarity - a.similarity);
      // Those that are as near as the last one come with it.
      const least = expected[Math.min(limit, expected.length) - 1]!.similarity;
      const byRow = (list: typeof found) => list.sort((a, b) => a.row - b.row);
      expect(byRow(found)).toEqual(byRow(expected.filter(({ similarity }) => similarity >= least)));
    }
  });

  it('keeps the largest numbers', () => {
    const random = new Random(1);
    const numbers = Array.from({ length: 500 }, () => random.below(100));
    for (const size of [1, 2, 7, 100, 499]) {
      const kept = new Smallest(size);
      for (const value of numbers) kept.offer(value);
      expect(kept.full).toBe(true);
      expect(kept.least).toBe([...numbers].sort((a, b) => b - a)[size - 1]);
    }
  });
});
