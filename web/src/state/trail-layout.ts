/** Where the turns of a trail stand: columns are steps, rows are branches. */
import type { Trail } from './trail.js';

export interface PlacedTurn {
  readonly at: number;
  /** From 0. */
  readonly column: number;
  /** From 0. A turn's first child stays in its row, each further one opens a row. */
  readonly row: number;
  /** How many rows the turn is below the one it went on from; 0 in the same row and for beginnings. */
  readonly drop: number;
}

/** In the order of reading: row by row. */
export function placeTurns({ turns }: Trail): PlacedTurn[] {
  const children = new Map<number | null, number[]>();
  turns.forEach(({ parent }, at) => {
    children.set(parent, [...(children.get(parent) ?? []), at]);
  });
  const placed: PlacedTurn[] = [];
  let rows = 0;
  const place = (at: number, column: number, row: number, drop: number): void => {
    placed.push({ at, column, row, drop });
    (children.get(at) ?? []).forEach((child, nth) => {
      const below = nth === 0 ? row : rows++;
      place(child, column + 1, below, below - row);
    });
  };
  for (const root of children.get(null) ?? []) place(root, 0, rows++, 0);
  return placed.sort((a, b) => a.row - b.row || a.column - b.column);
}
