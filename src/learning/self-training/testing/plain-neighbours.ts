/** Test helper: the nearest neighbours by sorting every cosine. */
import type { Neighbour, NeighbourSearch } from '../neighbours.js';

export function cosineOf(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

export function plainNeighbours(vectors: readonly (readonly number[])[]): NeighbourSearch {
  const nearest = (row: number, count: number): Neighbour[] =>
    vectors
      .map((vector, other) => ({ row: other, similarity: cosineOf(vectors[row] as readonly number[], vector) }))
      .filter((neighbour) => neighbour.row !== row)
      .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
      .slice(0, count);
  return {
    size: vectors.length,
    async *search(rows, count) {
      for (const row of rows) yield nearest(row, count);
    },
  };
}
