/** Rows that can be among the best, as far as bounds of their inner products tell. */
import { Smallest } from './smallest.js';

export class Candidates {
  private readonly rows: number[] = [];
  private readonly most: number[] = [];
  private readonly best: Smallest;
  /** What a row must be able to reach. */
  bar = Number.NEGATIVE_INFINITY;

  /** @param limit how many rows are wanted */
  constructor(limit: number) {
    this.best = new Smallest(limit);
  }

  /** @param least what the row's inner product is at least @param most and at most: not below the bar */
  add(row: number, least: number, most: number): void {
    this.best.offer(least);
    if (this.best.full) this.bar = this.best.least;
    this.rows.push(row);
    this.most.push(most);
  }

  /** Those that still can. */
  possible(): number[] {
    return this.rows.filter((_, i) => (this.most[i] as number) >= this.bar);
  }
}
