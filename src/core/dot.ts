/** The one definition of a score, for ranking in evaluation and for exact search. */

/**
 * The score of a query and a gallery row: their inner product in double precision, summed from the first element to the last,
 * so that equal rows have equal scores and a rank is the same on every machine.
 */
export function dot(
  a: Float32Array | Float64Array,
  atA: number,
  b: Float32Array | Float64Array,
  atB: number,
  width: number,
): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += (a[atA + i] as number) * (b[atB + i] as number);
  return sum;
}
