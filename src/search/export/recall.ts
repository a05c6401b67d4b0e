/** What the codes of vectors lose: which part of the nearest images of exact vectors they find. */
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

function nearestOf(vector: Float32Array, rows: readonly Float32Array[]): number[] {
  const scores = rows.map((row) => dot(vector, 0, row, 0, vector.length));
  return [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b).slice(0, nearest);
}
