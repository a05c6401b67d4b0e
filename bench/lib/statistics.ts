/** Numbers that stand for many. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** @param part 0.5 is the median, 0.99 what one in a hundred exceeds */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

/** Milliseconds of so many steps. */
export interface Summary {
  median: number;
  quartiles: readonly [number, number];
  min: number;
  max: number;
  steps: number;
}

/** Median, quartiles and extremes in milliseconds. */
export function summary(times: readonly number[]): Summary {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => rounded(sorted[Math.round(part * (sorted.length - 1))]!);
  return { median: rounded(median(times)), quartiles: [at(0.25), at(0.75)], min: at(0), max: at(1), steps: times.length };
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));
