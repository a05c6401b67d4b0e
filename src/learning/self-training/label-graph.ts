/** The labelled pairs as a graph of pictures, and the pairs that its paths of two edges join. */
import type { Random } from '../../core/random.js';
import type { Strategy } from './pair-config.js';
import { permutation } from './permutation.js';

/** Rows of the pool: [reference, target]. */
export type RowPair = readonly [reference: number, target: number];

export type GraphStrategy = Exclude<Strategy, 'neighbours'>;

/** Every reference of a join goes with every target of it. */
interface Join {
  references: readonly number[];
  targets: readonly number[];
}

export class LabelGraph {
  private readonly outgoing = new Map<number, number[]>();
  private readonly incoming = new Map<number, number[]>();

  /** @param edges each once */
  constructor(edges: Iterable<RowPair>) {
    const add = (lists: Map<number, number[]>, row: number, other: number) => {
      const list = lists.get(row);
      if (list) list.push(other);
      else lists.set(row, [other]);
    };
    for (const [reference, target] of edges) {
      add(this.outgoing, reference, target);
      add(this.incoming, target, reference);
    }
  }

  /**
   * The pairs of a strategy in a random order, drawn one after another in memory that is linear in the labels. A pair that several
   * paths join comes several times; pairs of a picture with itself come too.
   */
  *draw(strategy: GraphStrategy, random: Random): Generator<RowPair> {
    const joins = this.joins(strategy);
    const ends = new Float64Array(joins.length);
    let total = 0;
    joins.forEach(({ references, targets }, at) => {
      total += references.length * targets.length;
      ends[at] = total;
    });
    if (total === 0) return;
    const order = permutation(total, random);
    for (let position = 0; position < total; position++) {
      const path = order(position);
      const at = firstAbove(ends, path);
      const { references, targets } = joins[at] as Join;
      const within = path - (at === 0 ? 0 : (ends[at - 1] as number));
      yield [references[Math.floor(within / targets.length)] as number, targets[within % targets.length] as number];
    }
  }

  private joins(strategy: GraphStrategy): Join[] {
    switch (strategy) {
      case 'reversed':
        return [...this.outgoing].map(([row, out]) => ({ references: out, targets: [row] }));
      case 'twoHop':
        return [...this.incoming].map(([row, into]) => ({ references: into, targets: this.outgoing.get(row) ?? [] }));
      case 'sharedReference':
        return [...this.outgoing.values()].map((out) => ({ references: out, targets: out }));
      case 'sharedTarget':
        return [...this.incoming.values()].map((into) => ({ references: into, targets: into }));
    }
  }
}

/** The first place whose value is greater, in rising values. */
function firstAbove(rising: Float64Array, value: number): number {
  let [low, high] = [0, rising.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
