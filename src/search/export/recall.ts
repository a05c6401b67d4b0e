/** What is lost where vectors or weights are kept in fewer bits: which of the nearest images of the exact ones are still found. */
import { dot } from '../gallery/search/vectors.js';

/** Images that are looked for. */
const nearest = 10;

/**
 * Recall at 10 of coded vectors, with exact ones as queries.
 *
 * @param exact, coded the matching vectors of the same images @param queries how many of them, evenly spread, are searched with. @default 100
 */
export function recallAt10(exact: readonly Float32Array[], coded: readonly Float32Array[], queries = 100): number {
  const step = Math.max(1, Math.floor(exact.length / queries));
  let found = 0;
  let wanted = 0;
  for (let query = 0; query < exact.length; query += step) {
    const vector = exact[query] as Float32Array;
    const right = new Set(nearestOf(vector, exact));
    for (const row of nearestOf(vector, coded)) if (right.has(row)) found++;
    wanted += right.size;
  }
  return wanted === 0 ? 1 : found / wanted;
}

/** What searches with other queries find of what the right ones find, as parts of 1. */
export interface Kept {
  /** How often the image that is nearest to the right query is among the ten. */
  first: number;
  /** Which part of the ten are the same. */
  ten: number;
}

/** @param right, other the same queries, exact and not @param targets the vectors that are searched */
export function keptOfTen(
  right: readonly Float32Array[],
  other: readonly Float32Array[],
  targets: readonly Float32Array[],
): Kept {
  let [first, same, wanted] = [0, 0, 0];
  for (const [i, query] of right.entries()) {
    const expected = nearestOf(query, targets);
    const found = new Set(nearestOf(other[i] as Float32Array, targets));
    if (found.has(expected[0] as number)) first++;
    same += expected.filter((row) => found.has(row)).length;
    wanted += expected.length;
  }
  return { first: right.length === 0 ? 1 : first / right.length, ten: wanted === 0 ? 1 : same / wanted };
}

function nearestOf(vector: Float32Array, rows: readonly Float32Array[]): number[] {
  const scores = rows.map((row) => dot(vector, 0, row, 0, vector.length));
  return [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b).slice(0, nearest);
}
