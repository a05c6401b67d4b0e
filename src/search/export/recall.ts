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
  /** The most that the similarity of one of the ten is changed. */
  change: number;
}

/** @param right, other the same queries, exact and not @param targets the vectors that are searched */
export function keptOfTen(
  right: readonly Float32Array[],
  other: readonly Float32Array[],
  targets: readonly Float32Array[],
): Kept {
  const similarity = (query: Float32Array, row: number) => dot(query, 0, targets[row] as Float32Array, 0, query.length);
  let [first, same, wanted, change] = [0, 0, 0, 0];
  for (const [i, query] of right.entries()) {
    const expected = nearestOf(query, targets);
    const changed = other[i] as Float32Array;
    const found = new Set(nearestOf(changed, targets));
    if (found.has(expected[0] as number)) first++;
    same += expected.filter((row) => found.has(row)).length;
    wanted += expected.length;
    for (const row of expected) change = Math.max(change, Math.abs(similarity(query, row) - similarity(changed, row)));
  }
  return { first: right.length === 0 ? 1 : first / right.length, ten: wanted === 0 ? 1 : same / wanted, change };
}

function nearestOf(vector: Float32Array, rows: readonly Float32Array[]): number[] {
  const scores = rows.map((row) => dot(vector, 0, row, 0, vector.length));
  return [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b).slice(0, nearest);
}
