/**
 * Puts queries that arrive within a few milliseconds of each other into one batch. While a batch runs the next one gathers, so that
 * under load the batches grow by themselves, and a single query waits `waitMilliseconds` at most.
 */
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';

export const batchingSettings = z.strictObject({
  size: z.int().min(1).default(16).describe('maximum number of searches that are embedded together'),
  waitMilliseconds: z.number().min(0).default(3).describe('milliseconds that a search waits for others to join its batch'),
  /** With two, the pictures of one are decoded while the other is embedded. */
  parallel: z.int().min(1).default(2).describe('batches that run at once'),
});

const defaults = batchingSettings.parse({});

export interface BatcherOptions<Query, Answer> extends z.input<typeof batchingSettings> {
  /** Answers all queries of a batch, in their order, each with its own result or error. */
  run(queries: readonly Query[]): Promise<readonly PromiseSettledResult<Answer>[]>;
  /** Told the size of each batch. */
  onBatch?: ((size: number) => void) | undefined;
}

interface Entry<Query, Answer> {
  query: Query;
  /** When it has waited long enough, in the clock of `performance.now`. */
  due: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Batcher<Query, Answer> {
  private readonly size: number;
  private readonly wait: number;
  private readonly parallel: number;
  private readonly queue = new Set<Entry<Query, Answer>>();
  private running = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: BatcherOptions<Query, Answer>) {
    this.size = options.size ?? defaults.size;
    this.wait = options.waitMilliseconds ?? defaults.waitMilliseconds;
    this.parallel = options.parallel ?? defaults.parallel;
  }

  /**
   * Answers a query together with its neighbours in time.
   *
   * @param signal takes the query out of the queue, or its caller away from a batch that already runs
   */
  submit(query: Query, signal?: AbortSignal): Promise<Answer> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise<Answer>((resolve, reject) => {
      const leave = () => {
        this.queue.delete(entry);
        reject(signal?.reason);
      };
      const entry: Entry<Query, Answer> = {
        query,
        due: performance.now() + this.wait,
        resolve: (answer) => {
          signal?.removeEventListener('abort', leave);
          resolve(answer);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', leave);
          reject(error);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.queue.add(entry);
      this.pump();
    });
  }

  /** Starts what is due, and a timer for what is not yet. */
  private pump(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.running < this.parallel && this.queue.size > 0) {
      const [first] = this.queue as Set<Entry<Query, Answer>> & Iterable<Entry<Query, Answer>>;
      const left = (first as Entry<Query, Answer>).due - performance.now();
      if (this.queue.size < this.size && left > 0) {
        this.timer = setTimeout(() => this.pump(), Math.ceil(left));
        return;
      }
      void this.start([...this.queue].slice(0, this.size));
    }
  }

  private async start(batch: readonly Entry<Query, Answer>[]): Promise<void> {
    for (const entry of batch) this.queue.delete(entry);
    this.running++;
    this.options.onBatch?.(batch.length);
    try {
      const results = await this.options.run(batch.map(({ query }) => query));
      for (const [i, entry] of batch.entries()) {
        const result = results[i];
        if (result?.status === 'fulfilled') entry.resolve(result.value);
        else entry.reject(result?.reason ?? new LimnError('RUNTIME', 'A batch of queries came back without one of its answers.'));
      }
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      this.running--;
      this.pump();
    }
  }
}
