/** The queue of one gallery, for whoever puts jobs on it. All that limn asks of BullMQ there is in this file. */
import type { Queue } from 'bullmq';
import { LimnError } from '../../core/errors.js';
import { connectRedis, keyPrefix, type QueueOptions, whileWanted } from '../../core/redis/connect.js';
import { importBull, type RedisClient } from '../../core/redis/peer.js';
import { type JobData, jobId, readJob } from './job.js';

/** Waiting or being worked on; given up; or no longer there, which is what becomes of finished ones. */
export type JobState = 'pending' | 'failed' | 'gone';

const pendingTypes = ['wait', 'active', 'delayed', 'prioritized'] as const;

const jobOptions = {
  // For broken pictures: a network disk, or a URL's server, may be back a little later. Outages of the store are not counted.
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: { age: 7 * 24 * 3600, count: 10_000 },
  stackTraceLimit: 1,
} as const;

export class WorkQueue {
  private constructor(
    readonly name: string,
    private readonly queue: Queue,
    private readonly redis: RedisClient,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws LimnError USAGE for an address that is none, STORE without BullMQ, QUEUE for a Redis that cannot be used */
  static async open(address: string, name: string, options: QueueOptions = {}): Promise<WorkQueue> {
    const redis = await connectRedis(address, options);
    const { bull } = await importBull();
    const queue = new bull.Queue(name, { connection: redis, prefix: keyPrefix });
    // Told by the connection itself.
    queue.on('error', () => {});
    return new WorkQueue(name, queue, redis, options.signal);
  }

  /** Puts a job on the queue, unless it is there; one that was given up gets another chance. @returns its id */
  async add(data: JobData): Promise<string> {
    const id = jobId(data);
    await this.whileWanted(async () => {
      if ((await this.queue.getJobState(id)) === 'failed') await this.queue.remove(id);
      await this.queue.add('pictures', data, { ...jobOptions, jobId: id });
    });
    return id;
  }

  async states(ids: readonly string[]): Promise<Map<string, JobState>> {
    const states = await this.whileWanted(() => Promise.all(ids.map((id) => this.queue.getJobState(id))));
    const plain = (state: string | undefined): JobState =>
      state === 'failed' ? 'failed' : state === 'unknown' || state === 'completed' ? 'gone' : 'pending';
    return new Map(ids.map((id, i) => [id, plain(states[i])]));
  }

  /** Why a job was given up: its broken pictures by their ids, and a reason for all others. */
  async failure(id: string): Promise<{ broken: Map<string, string>; reason: string }> {
    const job = await this.whileWanted(() => this.queue.getJob(id));
    const { broken = [] } = job ? readJob(job.data) : {};
    return { broken: new Map(broken.map((one) => [one.id, one.reason])), reason: job?.failedReason ?? 'the job was given up' };
  }

  /** The ids of all jobs that wait or are worked on, whoever queued them. */
  async pending(): Promise<Set<string>> {
    return new Set(await this.whileWanted(() => this.queue.getRanges([...pendingTypes], 0, -1)));
  }

  /** How many workers are connected; undefined where Redis does not say. */
  async workers(): Promise<number | undefined> {
    return this.whileWanted(() => this.queue.getWorkersCount().catch(() => undefined));
  }

  /**
   * Takes all jobs away, and waits until none is worked on.
   *
   * @throws LimnError QUEUE when workers do not come to an end in `milliseconds`
   */
  async clear(milliseconds = 60_000): Promise<void> {
    const end = Date.now() + milliseconds;
    for (;;) {
      await this.whileWanted(() => this.queue.drain(true));
      const active = await this.whileWanted(() => this.queue.getActiveCount());
      if (active === 0) return;
      // Jobs that no worker is there for were in the hands of workers that were killed.
      if ((await this.workers()) === 0) return this.whileWanted(() => this.queue.obliterate({ force: true }));
      if (Date.now() > end) {
        throw new LimnError('QUEUE', `Workers still have ${active} jobs of the old gallery: stop them, and try again.`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async close(): Promise<void> {
    if (this.redis.status === 'ready') await this.queue.close().catch(() => {});
    this.redis.disconnect();
  }

  private whileWanted<T>(use: () => Promise<T>): Promise<T> {
    return whileWanted(this.signal, 'indexing; workers go on with what is queued, and the same command goes on from there', use);
  }
}
