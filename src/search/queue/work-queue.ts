/** The queue of one gallery, for whoever puts jobs on it.  */
import { LimnError } from '../../core/errors.js';
import { JobQueue } from '../../core/redis/job-queue.js';
import type { QueueOptions } from '../../core/redis/queue-options.js';
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

const doing = 'indexing; workers go on with what is queued, and the same command resumes';

export class WorkQueue {
  private constructor(private readonly jobs: JobQueue) {}

  /** @throws LimnError as {@link JobQueue.open} */
  static async open(address: string, name: string, options: QueueOptions = {}): Promise<WorkQueue> {
    return new WorkQueue(await JobQueue.open(address, name, doing, options));
  }

  get name(): string {
    return this.jobs.name;
  }

  /** Puts a job on the queue, unless it is there; one that was given up gets another chance. @returns its id */
  async add(data: JobData): Promise<string> {
    const id = jobId(data);
    await this.jobs.add('pictures', id, data, jobOptions);
    return id;
  }

  async states(ids: readonly string[]): Promise<Map<string, JobState>> {
    const states = await this.jobs.whileWanted(() => Promise.all(ids.map((id) => this.jobs.queue.getJobState(id))));
    const plain = (state: string | undefined): JobState =>
      state === 'failed' ? 'failed' : state === 'unknown' || state === 'completed' ? 'gone' : 'pending';
    return new Map(ids.map((id, i) => [id, plain(states[i])]));
  }

  /** Why a job was given up: its broken pictures by their ids, and a reason for all others. */
  async failure(id: string): Promise<{ broken: Map<string, string>; reason: string }> {
    const job = await this.jobs.whileWanted(() => this.jobs.queue.getJob(id));
    const { broken = [] } = job ? readJob(job.data) : {};
    return { broken: new Map(broken.map((one) => [one.id, one.reason])), reason: job?.failedReason ?? 'the job was given up' };
  }

  /** The ids of all jobs that wait or are worked on, whoever queued them. */
  async pending(): Promise<Set<string>> {
    return new Set(await this.jobs.whileWanted(() => this.jobs.queue.getRanges([...pendingTypes], 0, -1)));
  }

  /** How many workers are connected; undefined where Redis does not say. */
  workers(): Promise<number | undefined> {
    return this.jobs.workers();
  }

  /**
   * Takes all jobs away, and waits until none is worked on.
   *
   * @throws LimnError QUEUE when workers do not come to an end in `milliseconds`
   */
  async clear(milliseconds = 60_000): Promise<void> {
    const end = Date.now() + milliseconds;
    for (;;) {
      await this.jobs.whileWanted(() => this.jobs.queue.drain(true));
      const active = await this.jobs.whileWanted(() => this.jobs.queue.getActiveCount());
      if (active === 0) return;
      // Jobs that no worker is there for were in the hands of workers that were killed.
      if ((await this.workers()) === 0) return this.jobs.whileWanted(() => this.jobs.queue.obliterate({ force: true }));
      if (Date.now() > end) {
        throw new LimnError('QUEUE', `Workers still have ${active} jobs of the old gallery: stop them, and try again.`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  close(): Promise<void> {
    return this.jobs.close();
  }
}
