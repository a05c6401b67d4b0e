/** A worker: takes jobs from a gallery's queue, embeds their pictures and writes them to the gallery's store. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { connectRedis } from '../../core/redis/connect.js';
import { workOnJobs } from '../../core/redis/job-worker.js';
import { check } from '../../core/schema.js';
import { queueName } from './queue-name.js';
import type { WorkerCounts, WorkingGalleryOptions } from './worker-options.js';
import { WorkingGallery } from './working-gallery.js';

/** Settings of a worker with their defaults (a zod schema). */
export const workerSettings = z.strictObject({
  /** While one is written, the other is embedded. */
  concurrency: z.int().min(1).max(64).default(2).describe('jobs processed at once'),
  stalledAfter: z
    .number()
    .min(1)
    .default(30)
    .describe('seconds without a sign of life after which others take the jobs of this worker'),
});

/** Options of {@link runWorker}. */
export interface WorkerOptions extends WorkingGalleryOptions, z.input<typeof workerSettings> {
  /** `redis://` or `rediss://`. */
  queue: string;
  /** The queue's name, where the producer was given one. @default made of the location */
  queueName?: string | undefined;
}

/** A job is given back so many times for a store that fails, twelve seconds apart in the end: that is an outage of an hour. */
const mostStarts = 300;

/**
 * Works until `signal` fires; jobs that are in hand are finished then.
 *
 * @throws LimnError GALLERY for a model that is not the gallery's, also when the gallery is made anew later; QUEUE, STORE, CHECKPOINT
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerCounts> {
  const { queue: address, signal, warn = () => {} } = options;
  const { concurrency, stalledAfter } = check(
    workerSettings,
    { concurrency: options.concurrency, stalledAfter: options.stalledAfter },
    'The worker',
    'USAGE',
  );
  const redis = await connectRedis(address, options);
  const gallery = new WorkingGallery(options);
  try {
    await gallery.open();
    const name = await queueName(options.gallery, options.queueName);
    await workOnJobs(redis, { name, concurrency, stalledAfter, signal, warn, called: 'job' }, async (job, hands) => {
      try {
        await gallery.work(job);
      } catch (error) {
        if (!LimnError.isInstance(error)) throw error;
        if (error.code === 'QUEUE') hands.giveUp(error.message);
        // The gallery is gone, or another one: other workers may be right for the job.
        if (error.code === 'GALLERY') hands.stop(error);
        else if (error.code !== 'STORE') throw error;
        else if (job.attemptsStarted > mostStarts) hands.giveUp(error.message);
        await hands.giveBack(error.code === 'STORE' ? await gallery.pause(error) : 1000);
      }
    });
    return gallery.counts;
  } finally {
    redis.disconnect();
    await gallery.close();
  }
}
