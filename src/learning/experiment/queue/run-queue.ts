/** The queue of one experiment, for whoever hands out its runs. */
import type { Queue } from 'bullmq';
import { connectRedis, keyPrefix, type QueueOptions, whileWanted } from '../../../core/redis/connect.js';
import { importBull, type RedisClient } from '../../../core/redis/peer.js';
import { jobId, type RunJob, type RunOutcome, readOutcome } from './run-job.js';

/** What the queue knows of a run: it waits, is being trained, has ended, was given up, or the queue has forgotten it. */
export type RunState = 'waiting' | 'training' | 'ended' | 'failed' | 'gone';

const weekSeconds = 7 * 24 * 3600;

const jobOptions = {
  // A producer that was interrupted finds the results when it comes back.
  removeOnComplete: { age: weekSeconds },
  removeOnFail: { age: weekSeconds },
  stackTraceLimit: 1,
} as const;

/** Experiments of one name share a queue; jobs of others are told apart by their settings and data. */
export const queueName = (experiment: string) => `experiment-${experiment.replaceAll('.', '_')}`;

export class RunQueue {
  private constructor(
    private readonly queue: Queue,
    private readonly redis: RedisClient,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws LimnError USAGE for an address that is none, STORE without BullMQ, QUEUE for a Redis that cannot be used */
  static async open(address: string, experiment: string, options: QueueOptions = {}): Promise<RunQueue> {
    const redis = await connectRedis(address, options);
    const { bull } = await importBull();
    const queue = new bull.Queue(queueName(experiment), { connection: redis, prefix: keyPrefix });
    // Told by the connection itself.
    queue.on('error', () => {});
    return new RunQueue(queue, redis, options.signal);
  }

  /** Puts a run on the queue, unless it is there; one that was given up gets another chance. */
  async add(job: RunJob): Promise<void> {
    const id = jobId(job);
    await this.wanted(async () => {
      if ((await this.queue.getJobState(id)) === 'failed') await this.queue.remove(id);
      await this.queue.add('run', job, { ...jobOptions, jobId: id });
    });
  }

  async state(job: RunJob): Promise<RunState> {
    const state = await this.wanted(() => this.queue.getJobState(jobId(job)));
    if (state === 'completed') return 'ended';
    if (state === 'failed') return 'failed';
    if (state === 'unknown') return 'gone';
    return state === 'active' ? 'training' : 'waiting';
  }

  /** @returns undefined where it has not ended */
  async outcome(job: RunJob): Promise<RunOutcome | undefined> {
    const found = await this.wanted(() => this.queue.getJob(jobId(job)));
    return found?.returnvalue ? readOutcome(found.returnvalue) : undefined;
  }

  async failure(job: RunJob): Promise<string> {
    const found = await this.wanted(() => this.queue.getJob(jobId(job)));
    return found?.failedReason ?? 'it was given up';
  }

  /** Takes a run from the queue; one that is being trained stays. */
  async remove(job: RunJob): Promise<void> {
    await this.wanted(() => this.queue.remove(jobId(job)).catch(() => 0));
  }

  /** How many workers are connected; undefined where Redis does not say. */
  async workers(): Promise<number | undefined> {
    return this.wanted(() => this.queue.getWorkersCount().catch(() => undefined));
  }

  async close(): Promise<void> {
    if (this.redis.status === 'ready') await this.queue.close().catch(() => {});
    this.redis.disconnect();
  }

  private wanted<T>(use: () => Promise<T>): Promise<T> {
    const doing = 'waiting for workers; they go on with what is queued, and the same command collects their results';
    return whileWanted(this.signal, doing, use);
  }
}
