/** The queue of one experiment, for whoever hands out its runs. */

import { JobQueue } from '../../../core/redis/job-queue.js';
import type { QueueOptions } from '../../../core/redis/queue-options.js';
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

const doing = 'waiting for workers; they go on with what is queued, and the same command collects their results';

export class RunQueue {
  private constructor(private readonly jobs: JobQueue) {}

  /** @throws LimnError as {@link JobQueue.open} */
  static async open(address: string, experiment: string, options: QueueOptions = {}): Promise<RunQueue> {
    return new RunQueue(await JobQueue.open(address, queueName(experiment), doing, options));
  }

  /** Puts a run on the queue, unless it is there; one that was given up gets another chance. */
  add(job: RunJob): Promise<void> {
    return this.jobs.add('run', jobId(job), job, jobOptions);
  }

  async state(job: RunJob): Promise<RunState> {
    const state = await this.jobs.whileWanted(() => this.jobs.queue.getJobState(jobId(job)));
    if (state === 'completed') return 'ended';
    if (state === 'failed') return 'failed';
    if (state === 'unknown') return 'gone';
    return state === 'active' ? 'training' : 'waiting';
  }

  /** @returns undefined where it has not ended */
  async outcome(job: RunJob): Promise<RunOutcome | undefined> {
    const found = await this.jobs.whileWanted(() => this.jobs.queue.getJob(jobId(job)));
    return found?.returnvalue ? readOutcome(found.returnvalue) : undefined;
  }

  async failure(job: RunJob): Promise<string> {
    const found = await this.jobs.whileWanted(() => this.jobs.queue.getJob(jobId(job)));
    return found?.failedReason ?? 'it was given up';
  }

  /** Takes a run from the queue; one that is being trained stays. */
  async remove(job: RunJob): Promise<void> {
    await this.jobs.whileWanted(() => this.jobs.queue.remove(jobId(job)).catch(() => 0));
  }

  /** How many workers are connected; undefined where Redis does not say. */
  workers(): Promise<number | undefined> {
    return this.jobs.workers();
  }

  close(): Promise<void> {
    return this.jobs.close();
  }
}
