/** Which pairs of the pool may still be mined. */
import { LimnError } from '../../core/errors.js';
import type { RowPair } from './label-graph.js';

export class PairLedger {
  /** The row of every picture that may be mined. */
  private readonly rows = new Map<string, number>();
  private readonly forbidden: ReadonlySet<string>;
  private readonly closed = new Set<number>();

  /** @throws LimnError DATA when the pool names a picture twice */
  constructor(
    private readonly pool: readonly string[],
    forbidden: Iterable<string>,
  ) {
    this.forbidden = new Set(forbidden);
    const seen = new Set<string>();
    pool.forEach((id, row) => {
      if (seen.has(id)) throw new LimnError('DATA', `The pool names the picture "${id}" twice; give each one once.`);
      seen.add(id);
      if (!this.forbidden.has(id)) this.rows.set(id, row);
    });
  }

  /** Rows of the pictures that may be mined, in the pool's order. */
  get usable(): number[] {
    return [...this.rows.values()];
  }

  /**
   * Closes a pair by its ids. @returns its rows where it is new and both pictures may be mined
   * @throws LimnError DATA for a picture that is neither in the pool nor forbidden
   */
  close(reference: string, target: string, source: string): RowPair | undefined {
    for (const id of [reference, target]) {
      if (this.rows.has(id) || this.forbidden.has(id)) continue;
      const message = `${source} names the picture "${id}", which is not in the pool; put every image of the training labels into the pool.`;
      throw new LimnError('DATA', message, { details: { id } });
    }
    const [from, to] = [this.rows.get(reference), this.rows.get(target)];
    if (from === undefined || to === undefined || !this.isOpen(from, to)) return undefined;
    this.closed.add(this.keyOf(from, to));
    return [from, to];
  }

  /** Whether both pictures may be mined, are two, and the pair was not closed. */
  isOpen(reference: number, target: number): boolean {
    if (reference === target || this.closed.has(this.keyOf(reference, target))) return false;
    return [reference, target].every((row) => this.rows.has(this.pool[row] as string));
  }

  /** Closes the pair if it is open. @returns whether it was */
  claim(reference: number, target: number): boolean {
    if (!this.isOpen(reference, target)) return false;
    this.closed.add(this.keyOf(reference, target));
    return true;
  }

  private keyOf(reference: number, target: number): number {
    return reference * this.pool.length + target;
  }
}
