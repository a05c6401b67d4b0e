import { describe, expect, it } from 'vitest';
import { dot } from '../../../core/dot.js';
import { Random } from '../../../core/random.js';
import { codeQuery, headFloats, marginOf, writeCodes } from './codes.js';

const random = new Random(1);
const drawn = (width: number, size = 1) => Float32Array.from({ length: width }, () => size * random.normal());
const vectors: Readonly<Record<string, (width: number) => Float32Array>> = {
  random: (width) => drawn(width),
  zero: (width) => new Float32Array(width),
  'of one number': (width) => new Float32Array(width).fill(1, 0, 1),
  huge: (width) => drawn(width, 1e30),
  tiny: (width) => drawn(width, 1e-40),
  'of equal numbers': (width) => new Float32Array(width).fill(-0.3),
  'of very different numbers': (width) => drawn(width).map((value, i) => value * 10 ** -(i % 12)),
};

describe('codes', () => {
  it.each(Object.keys(vectors))('bound the inner products of rows that are %s', (kind) => {
    for (const width of [1, 7, 32, 200, 1025]) {
      const row = vectors[kind]!(width);
      const [codes, head] = [new Int8Array(width), new Float32Array(headFloats)];
      writeCodes(row, codes, head);
      const [scale, error, said] = head as unknown as [number, number, number];
      for (const query of Object.values(vectors).map((draw) => draw(width))) {
        const coded = codeQuery(query);
        const product = codes.reduce((sum, code, i) => sum + code * coded.numbers[i]!, 0);
        // The kernel adds in 32 bits.
        expect(product).toBe(product | 0);
        expect(coded.numbers.every((value) => Math.abs(value) < 2 ** 15)).toBe(true);
        const margin = marginOf(coded, error, said);
        expect(Math.abs(product * scale * coded.scale - dot(query, 0, row, 0, width))).toBeLessThanOrEqual(margin);
      }
    }
  });

  it('leave little open for vectors of length 1', () => {
    const unit = (width: number) => {
      const row = drawn(width);
      const length = Math.hypot(...row);
      return row.map((value) => value / length);
    };
    const [row, query] = [unit(512), codeQuery(unit(512))];
    const head = new Float32Array(headFloats);
    writeCodes(row, new Int8Array(512), head);
    expect(marginOf(query, head[1]!, head[2]!)).toBeLessThan(0.01);
  });
});
