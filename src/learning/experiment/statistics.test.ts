import { describe, expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { bootstrapMeans, differenceInterval, mean, percentileInterval, std } from './statistics.js';

test('mean and sample deviation, worked by hand', () => {
  expect(mean([2, 4, 9])).toBe(5);
  // (9 + 1 + 16) / 2 = 13
  expect(std([2, 4, 9])).toBeCloseTo(Math.sqrt(13), 12);
  expect(std([3])).toBeUndefined();
});

test('the percentile interval lies between two values linearly', () => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i);
  const [low, high] = percentileInterval(values);
  expect([low.toFixed(9), high.toFixed(9)]).toEqual(['2.500000000', '97.500000000']);
  expect(percentileInterval([7])).toEqual([7, 7]);
  expect(percentileInterval([0, 10], 0.5)).toEqual([2.5, 7.5]);
});

describe('the paired bootstrap', () => {
  test('a series is resampled as a plain loop over drawn queries does', () => {
    const series = [
      [0, 1, 1, 0, 1],
      [1, 1, 0, 0, 0.5],
    ];
    const means = bootstrapMeans([series], { random: new Random(3), resamples: 20 });
    const random = new Random(3);
    for (let r = 0; r < 20; r++) {
      const drawn = Array.from({ length: 5 }, () => random.below(5));
      series.forEach((values, s) => {
        expect(means[s]![r]).toBeCloseTo(mean(drawn.map((q) => values[q] as number)), 12);
      });
    }
  });

  test('equal series differ by exactly 0, a constant shift by exactly the shift', () => {
    const hits = Array.from({ length: 50 }, (_, q) => q % 3);
    const shifted = hits.map((hit) => hit + 2);
    const [a, b, c] = bootstrapMeans([[hits, hits, shifted]], { random: new Random(1), resamples: 200 });
    expect(differenceInterval(a!, b!)).toEqual([0, 0]);
    const [low, high] = differenceInterval(c!, a!);
    expect(low).toBeCloseTo(2, 12);
    expect(high).toBeCloseTo(2, 12);
    // The series itself does vary.
    const [from, to] = percentileInterval(a!);
    expect(to - from).toBeGreaterThan(0.3);
  });

  test('strata count alike, whatever their sizes', () => {
    const [means] = bootstrapMeans([[new Array(1000).fill(1)], [new Array(10).fill(0)]], {
      random: new Random(1),
      resamples: 50,
    });
    expect([...new Set(means)]).toEqual([0.5]);
  });

  test('the interval of a difference holds the truth about 95 times in 100', () => {
    const random = new Random(11);
    let held = 0;
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      // Hits of two methods that share each query's difficulty: true rates 0.5 and 0.4, difference -0.1.
      const difficulty = Array.from({ length: 200 }, () => random.uniform() * 0.6 - 0.3);
      const a = difficulty.map((d) => Number(random.uniform() < 0.5 + d));
      const b = difficulty.map((d) => Number(random.uniform() < 0.4 + d));
      const [first, second] = bootstrapMeans([[a, b]], { random, resamples: 400 });
      const [low, high] = differenceInterval(second!, first!);
      if (low <= -0.1 && -0.1 <= high) held++;
    }
    // The deviation of the count is 1.3 %: 90 to 99 % is four deviations on either side.
    expect(held / trials).toBeGreaterThan(0.9);
    expect(held / trials).toBeLessThan(0.99);
  });

  test('takes 10,000 resamples, whose mean is the mean of the series', () => {
    const random = new Random(5);
    const series = Array.from({ length: 3 }, () => Float64Array.from({ length: 500 }, () => random.below(2)));
    const means = bootstrapMeans([series], { random });
    for (const [i, values] of series.entries()) {
      expect(means[i]).toHaveLength(10_000);
      // The deviation of a mean of 500 hits is 0.022, of 10,000 such means a hundredth of that.
      expect(Math.abs(mean([...means[i]!]) - mean([...values]))).toBeLessThan(0.001);
    }
  });
});
