import { expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { ScanMatrix } from './scan.js';

it.each([5, 16, 96, 512])(
  'finds the same rows with WebAssembly and without, and those of comparing all, at a width of %i',
  (width) => {
    const random = new Random(width);
    const count = 500;
    const rows = Array.from({ length: count }, () =>
      Int8Array.from({ length: width }, () => Math.round(random.uniform() * 254 - 127)),
    );
    const scales = rows.map((_, row) => 0.5 + (row % 7));
    const vector = Float32Array.from({ length: width }, () => random.uniform() - 0.5);
    const skip = Uint8Array.from({ length: count }, (_, row) => (row % 10 === 0 ? 1 : 0));
    const found = [true, false].map((simd) => {
      const matrix = new ScanMatrix(count, width, simd);
      for (const [row, codes] of rows.entries()) {
        matrix.set(row, (out) => {
          out.set(codes);
          return scales[row] as number;
        });
      }
      return matrix.nearest(vector, skip, 50);
    });
    const scoreOf = (row: number) =>
      rows[row]!.reduce((sum, code, i) => sum + code * (vector[i] as number), 0) * (scales[row] as number);
    const right = [...rows.keys()].filter((row) => skip[row] === 0).sort((a, b) => scoreOf(b) - scoreOf(a));
    expect(found[0]).toEqual(found[1]);
    expect(found[0]?.filter((row) => right.indexOf(row) < 50).length).toBeGreaterThanOrEqual(49);
  },
);
