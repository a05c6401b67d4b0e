/**
 * The statistics of a comparison: means and deviations over seeds, and bootstrap intervals over queries (Efron and Tibshirani,
 * "An Introduction to the Bootstrap", 1993, chapter 13: percentile intervals).
 */
import type { Random } from '../../core/random.js';

export type Interval = readonly [low: number, high: number];

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / values.length;
}

/** Sample standard deviation (n - 1), or undefined for fewer than two values. */
export function std(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** The interval that leaves (1 - level) / 2 of the values on each side, between two values linearly. */
export function percentileInterval(values: ArrayLike<number>, level = 0.95): Interval {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(position)] as number, sorted[Math.ceil(position)] as number];
    return below + (above - below) * (position - Math.floor(position));
  };
  return [at((1 - level) / 2), at((1 + level) / 2)];
}

export interface BootstrapOptions {
  random: Random;
  /** @default 10000 */
  resamples?: number;
}

/**
 * Resamples queries with replacement and takes every series' mean on the same queries, so that differences of two series are
 * paired. With several strata (categories), each is resampled by itself and a mean is the unweighted mean of theirs.
 *
 * @param strata strata[c][s][q] is the value of series s at query q of stratum c, e.g. its hit (0 or 1) averaged over seeds
 * @returns result[s][r], the mean of series s in resample r
 */
export function bootstrapMeans(strata: readonly (readonly ArrayLike<number>[])[], options: BootstrapOptions): Float64Array[] {
  const { random, resamples = 10_000 } = options;
  const count = strata[0]?.length ?? 0;
  const means = Array.from({ length: count }, () => new Float64Array(resamples));
  for (const series of strata) {
    const queries = series[0]?.length ?? 0;
    // A query's values of all series lie side by side.
    const values = new Float64Array(queries * count);
    for (let s = 0; s < count; s++) for (let q = 0; q < queries; q++) values[q * count + s] = series[s]?.[q] as number;
    const drawn = new Uint32Array(queries);
    const sums = new Float64Array(count);
    for (let r = 0; r < resamples; r++) {
      drawn.fill(0);
      sums.fill(0);
      for (let i = 0; i < queries; i++) drawn[random.below(queries)]!++;
      for (let q = 0, at = 0; q < queries; q++, at += count) {
        const times = drawn[q] as number;
        if (times === 0) continue;
        for (let s = 0; s < count; s++) sums[s]! += times * (values[at + s] as number);
      }
      for (let s = 0; s < count; s++) means[s]![r]! += (sums[s] as number) / queries / strata.length;
    }
  }
  return means;
}

/** The interval of the difference of two series of one {@link bootstrapMeans}. */
export function differenceInterval(a: Float64Array, b: Float64Array, level = 0.95): Interval {
  return percentileInterval(
    a.map((value, r) => value - (b[r] as number)),
    level,
  );
}
