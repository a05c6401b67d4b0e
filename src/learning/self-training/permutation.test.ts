import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { permutation } from './permutation.js';

test('every number comes once, and the order follows the seed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), (count, seed) => {
      const draw = () => {
        const order = permutation(count, new Random(seed));
        return Array.from({ length: count }, (_, position) => order(position));
      };
      expect(draw()).toEqual(draw());
      expect(draw().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    }),
    { numRuns: 60 },
  );
});

test('the first place holds each number about equally often', () => {
  const seen = new Float64Array(10);
  for (let seed = 0; seed < 4000; seed++) seen[permutation(10, new Random(seed))(0)]!++;
  // Binomial with mean 400 and deviation 19: five deviations are left on both sides.
  for (const times of seen) expect(Math.abs(times - 400)).toBeLessThan(95);
});

test('numbers beyond 32 bits are drawn without a list', () => {
  const count = 3 * 2 ** 40;
  const order = permutation(count, new Random(7));
  const drawn = new Set(Array.from({ length: 5000 }, (_, position) => order(position)));
  expect(drawn.size).toBe(5000);
  for (const value of drawn) expect(Number.isInteger(value) && value >= 0 && value < count).toBe(true);
  // Spread over the whole: the mean of 5000 even draws lies within five deviations of the middle.
  const mean = [...drawn].reduce((sum, value) => sum + value / count, 0) / drawn.size;
  expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 5000));
});
