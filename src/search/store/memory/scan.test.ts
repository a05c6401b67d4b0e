import { describe, expect, it } from 'vitest';
import { dot } from '../../../core/dot.js';
import { Random } from '../../../core/random.js';
import { units } from '../testing/items.js';
import { Matrix } from './matrix.js';
import { Scanner } from './scan.js';
import { Smallest } from './smallest.js';

const rowCount = 700;
function normalized(row: Float32Array): Float32Array {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
}
/** What galleries are made of: rows of length 1. */
const galleries: Readonly<Record<string, (random: Random, width: number) => Float32Array>> = {
  random: (random, width) => units(random, rowCount, width),
  // So close together that codes decide little.
  'in clusters': (random, width) => {
    const centres = units(random, 3, width);
    const rows = Array.from({ length: rowCount }, (_, row) =>
      normalized(Float32Array.from({ length: width }, (_, i) => centres[(row % 3) * width + i]! + 1e-4 * random.normal())),
    );
    return Float32Array.from(rows.flatMap((row) => [...row]));
  },
  'of copies': (random, width) => {
    const few = units(random, 9, width);
    return Float32Array.from({ length: rowCount * width }, (_, i) => few[(Math.floor(i / width) % 9) * width + (i % width)]!);
  },
  'along the axes': (_, width) =>
    Float32Array.from({ length: rowCount * width }, (_, i) =>
      i % width === Math.floor(i / width) % width ? 1 - 2 * (Math.floor(i / width) % 2) : 0,
    ),
};

/** A scanner that gave the first rows codes. */
function codedScanner(matrix: Matrix, coded: number): Scanner {
  matrix.roomForCodes(0, coded);
  const scanner = new Scanner(matrix.layout, 3);
  for (const memory of matrix.blocks) scanner.addBlock(memory);
  for (const memory of matrix.codeBlocks) scanner.addCodes(memory);
  scanner.code(0, coded);
  return scanner;
}

/** The rows that comparing all of them finds; those that are as near as the last one come with it. */
function nearest(data: Float32Array, query: Float32Array, from: number, skip: Uint8Array, limit: number) {
  const width = query.length;
  const all = Array.from(skip.keys())
    .filter((i) => skip[i] === 0)
    .map((i) => ({ row: from + i, similarity: dot(query, 0, data, (from + i) * width, width) }));
  const least = all.map(({ similarity }) => similarity).sort((a, b) => b - a)[Math.min(limit, all.length) - 1]!;
  return all.filter(({ similarity }) => similarity >= least);
}

describe('the exact search', () => {
  describe.each(Object.keys(galleries))('of rows that are %s', (kind) => {
    it.each([1, 3, 15, 16, 17, 64, 100, 513])('finds what a loop finds, with codes or without, for vectors of %i', (width) => {
      // Blocks of a few rows, so that searches cross them.
      const matrix = new Matrix(width, 40 * 4 * Math.ceil(width / 16) * 16);
      const data = galleries[kind]!(new Random(width), width);
      matrix.append(data.subarray(0, 33 * width));
      matrix.append(data.subarray(33 * width));
      expect(matrix.blocks.length).toBe(18);
      expect(matrix.row(77)).toEqual(data.subarray(77 * width, 78 * width));
      for (const coded of [0, 250, rowCount]) {
        const scanner = codedScanner(matrix, coded);
        for (const [from, to, limit] of [
          [0, 700, 10],
          [39, 41, 5],
          [123, 640, 30],
          [0, 700, 700],
          [0, 700, 1000],
        ] as const) {
          for (const query of [units(new Random(limit), 1, width), data.slice(to * width - width, to * width)]) {
            const skip = Uint8Array.from({ length: to - from }, (_, i) => (i % 7 === 0 ? 1 : 0));
            const { rows, similarities } = scanner.scan({ query, from, skip, limit, coded });
            const found = Array.from(rows, (row, i) => ({ row, similarity: similarities[i]! }));
            expect(found.sort((a, b) => a.row - b.row)).toEqual(nearest(data, query, from, skip, limit));
          }
        }
      }
    });
  });

  it('compares only what codes leave undecided', () => {
    const width = 64;
    const matrix = new Matrix(width);
    const data = units(new Random(5), rowCount, width);
    matrix.append(data);
    const scanner = codedScanner(matrix, rowCount);
    // Rows that are not among the possible ones are changed behind the codes' back: they would be found if they were read.
    const query = data.slice(0, width);
    const request = { query, from: 0, skip: new Uint8Array(rowCount), limit: 3, coded: rowCount };
    const before = scanner.scan(request);
    const far = nearest(
      data,
      query.map((value) => -value),
      0,
      request.skip,
      300,
    );
    for (const { row } of far) matrix.row(row).set(query);
    expect(scanner.scan(request)).toEqual(before);
    expect(scanner.scan({ ...request, coded: 0 })).not.toEqual(before);
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
