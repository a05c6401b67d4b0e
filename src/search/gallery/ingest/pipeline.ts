/** Stages of a pipeline over async iterators: each works ahead of the next one by a bounded number of items. */

/**
 * Results in the order of the items, with up to `limit` of them read and worked on ahead of the consumer. The items themselves are
 * read one at a time. When the consumer stops, or something fails, no work is left behind that has been started.
 */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const iterator = iterate(items);
  const underway: Promise<R | typeof finished>[] = [];
  let reading: Promise<unknown> = Promise.resolve();
  let stopped = false;
  const start = (): Promise<R | typeof finished> => {
    const next = reading.then((): Item<T> | Promise<Item<T>> => (stopped ? finished : iterator.next()));
    reading = next;
    const result = (async (): Promise<R | typeof finished> => {
      const item = await next;
      return item === finished || item.done ? finished : work(item.value);
    })();
    // Awaited at its turn; until then a failure must not count as unhandled.
    result.catch(() => {});
    return result;
  };
  try {
    for (;;) {
      while (underway.length < limit) underway.push(start());
      const result = await (underway.shift() as Promise<R | typeof finished>);
      if (result === finished) return;
      yield result as R;
    }
  } finally {
    stopped = true;
    await Promise.allSettled(underway);
    await iterator.return?.();
  }
}

const finished: unique symbol = Symbol('finished');
type Item<T> = IteratorResult<T> | typeof finished;

/** The items of arrays, one by one. */
export async function* flattened<T>(groups: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const group of groups) yield* group;
}

export interface BatchOptions {
  /** A batch whose first item waits for longer than this, in milliseconds, goes on without being full. @default never */
  longest?: number;
}

/** Items in arrays of `size`; the last one may have fewer. */
export async function* inBatches<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
  { longest = Number.POSITIVE_INFINITY }: BatchOptions = {},
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let since = 0;
  for await (const item of items) {
    if (batch.length === 0) since = performance.now();
    batch.push(item);
    if (batch.length < size && performance.now() - since < longest) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function iterate<T>(items: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> {
  if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
  const iterator = items[Symbol.iterator]();
  return { next: async () => iterator.next(), return: async () => iterator.return?.() ?? { done: true, value: undefined } };
}
