/** What stores of a database share: hits with stable ties, and writes one after another. */
import type { StoredItem, VectorHit } from './store.js';
import { compareText } from './text.js';

/**
 * The best hits of a database that returns equally near rows in any order: while the last hit that is wanted is as near as the row behind it,
 * more rows are asked for, so that the smallest ids of the equally near ones are found.
 *
 * @param fetch the nearest `count` rows, nearest first
 * @param exclude ids that are left out
 */
export async function nearestHits(
  fetch: (count: number) => Promise<VectorHit[]>,
  limit: number,
  exclude: ReadonlySet<string>,
): Promise<VectorHit[]> {
  for (let count = limit + exclude.size + 1; ; count *= 2) {
    const rows = await fetch(count);
    const hits = rows.filter(({ item }) => !exclude.has(item.id));
    const last = hits[limit - 1]?.similarity;
    const undecided = rows.length === count && last !== undefined && rows.at(-1)?.similarity === last;
    if (undecided) continue;
    return hits.sort((a, b) => b.similarity - a.similarity || compareText(a.item.id, b.item.id)).slice(0, limit);
  }
}

/** An item from the columns of a database, its metadata as a JSON text or a parsed value. */
export function storedItem(id: string, content: string, location: string, metadata: unknown): StoredItem {
  const parsed = typeof metadata === 'string' ? JSON.parse(metadata) : metadata;
  return { id, content, location, metadata: parsed as StoredItem['metadata'] };
}

/** Runs what it is given one after another. */
export class Queue {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  /** Resolves when all that was given has ended. */
  async idle(): Promise<void> {
    await this.last;
  }
}
