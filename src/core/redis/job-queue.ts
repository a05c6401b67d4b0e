/** A queue of BullMQ's, for whoever puts jobs on it. */
import type { JobsOptions, Queue } from 'bullmq';
import { LimnError, throwIfAborted } from '../errors.js';
import { connectRedis, keyPrefix } from './connect.js';
import { importBull, type RedisClient } from './peer.js';
import type { QueueOptions } from './queue-options.js';

export class JobQueue {
  private constructor(
    readonly name: string,
    readonly queue: Queue,
    private readonly redis: RedisClient,
    private readonly signal: AbortSignal | undefined,
    private readonly doing: string,
  ) {}

  /**
   * @param doing completes "Interrupted while ..."
   * @throws LimnError USAGE for an address that is none, STORE without BullMQ, QUEUE for a Redis that cannot be used
   */
  static async open(address: string, name: string, doing: string, options: QueueOptions = {}): Promise<JobQueue> {
    const redis = await connectRedis(address, options);
    const { bull } = await importBull();
    const queue = new bull.Queue(name, { connection: redis, prefix: keyPrefix });
    // Told by the connection itself.
    queue.on('error', () => {});
    return new JobQueue(name, queue, redis, options.signal, doing);
  }

  /** Puts a job on the queue, unless it is there; one that was given up gets another chance. */
  async add(kind: string, id: string, data: object, options: JobsOptions): Promise<void> {
    await this.whileWanted(async () => {
      if ((await this.queue.getJobState(id)) === 'failed') await this.queue.remove(id);
      await this.queue.add(kind, data, { ...options, jobId: id });
    });
  }

  /** How many workers are connected; undefined where Redis does not say. */
  workers(): Promise<number | undefined> {
    return this.whileWanted(() => this.queue.getWorkersCount().catch(() => undefined));
  }

  async close(): Promise<void> {
    if (this.redis.status === 'ready') await this.queue.close().catch(() => {});
    this.redis.disconnect();
  }

  /** A command waits for as long as Redis is gone, unless the caller gives up. @throws LimnError INTERRUPTED when the signal fires */
  async whileWanted<T>(use: () => Promise<T>): Promise<T> {
    const { signal, doing } = this;
    throwIfAborted(signal, doing);
    if (!signal) return use();
    let stop = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(new LimnError('INTERRUPTED', `Interrupted while ${doing}.`));
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([use(), stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
