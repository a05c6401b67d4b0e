/** The nearest pictures of a picture, by the cosine of their vectors. */
import { topOf } from '../eval/ranking.js';
import { scoreQueries } from '../eval/scores.js';
import { countOf, normalizeRows, type RawVectors, rowsOf } from '../eval/vectors.js';

export interface Neighbour {
  /** Row of the pool. */
  row: number;
  /** Cosine, up to rounding. */
  similarity: number;
}

export interface NeighbourSearch {
  /** Rows that are searched: the pictures of the pool, in its order. */
  readonly size: number;
  /** The nearest `count` others of each row asked for, in that order; the nearest first. */
  search(rows: readonly number[], count: number, signal?: AbortSignal): AsyncIterable<Neighbour[]>;
}

/**
 * Exact search, in blocks of queries; memory is linear in the pool.
 *
 * @param vectors one row a picture of the pool, of any length
 * @throws LimnError NOT_FINITE or DATA for a row that has no direction
 */
export function vectorNeighbours(vectors: RawVectors): NeighbourSearch {
  const gallery = normalizeRows(vectors, (row) => `picture ${row + 1} of the pool`);
  return {
    size: countOf(gallery),
    async *search(rows, count, signal) {
      let at = 0;
      for await (const scores of scoreQueries(rowsOf(gallery, rows), gallery, { signal })) {
        const nearest = topOf(scores, count, [rows[at++] as number]);
        yield nearest.map((row) => ({ row, similarity: scores.exact(row) }));
      }
    },
  };
}
