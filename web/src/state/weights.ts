/** Weights of the factors, as multiples of what each has by itself. */

/** The largest multiple of a slider. */
export const largestWeight = 3;

/** How much resembling the negatives can cost, and what it costs by itself. */
export const largestNegativeWeight = 1.5;
export const ownNegativeWeight = 0.5;

/** @returns w_k for a request; undefined where all are as they are by themselves */
export function weightsFor(multiples: readonly number[], factors: number): number[] | undefined {
  if (factors === 0 || multiples.every((multiple) => multiple === 1)) return undefined;
  return Array.from({ length: factors }, (_, k) => Math.round(((multiples[k] ?? 1) / factors) * 1e6) / 1e6);
}

/** One slider moved. All at 1 is []. */
export function setWeight(multiples: readonly number[], factors: number, factor: number, value: number): number[] {
  const next = Array.from({ length: factors }, (_, k) => (k === factor ? value : (multiples[k] ?? 1)));
  return next.every((multiple) => multiple === 1) ? [] : next;
}
