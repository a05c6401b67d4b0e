import { expect, it } from 'vitest';
import { exponent } from './exponent.js';

it('finds the exponent of a power', () => {
  const xs = [1, 2, 4, 8];
  const power = (e: number) => xs.map((x) => 3 * x ** e);
  expect(exponent(xs, power(1.5))).toBeCloseTo(1.5, 12);
  expect(exponent(xs, power(0))).toBeCloseTo(0, 12);
});

it('is the least-squares line in logarithms, worked out by hand', () => {
  // log2 x = 0, 1, 2 and log2 y = 0, 2, 2: the slope is 1, whatever the base.
  expect(exponent([1, 2, 4], [1, 4, 4])).toBeCloseTo(1, 12);
});
