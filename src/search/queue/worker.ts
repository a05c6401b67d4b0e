/** A worker: takes jobs from a gallery's queue, embeds their pictures and writes them to the gallery's store. */
import type { Job, Worker } from 'bullmq';
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { connectRedis, keyPrefix } from '../../core/redis/connect.js';
import { importBull } from '../../core/redis/peer.js';
import { check } from '../../core/schema.js';
import { queueName } from './queue-name.js';
import type { WorkerCounts, WorkingGalleryOptions } from './worker-options.js';
import { WorkingGallery } from './working-gallery.js';

export const workerSettings = z.strictObject({
  /** While one is written, the other is embedded. */
  concurrency: z.int().min(1).max(64).default(2).describe('jobs at once'),
  stalledAfter: z.number().min(1).default(30).describe('seconds of silence after which others take the jobs of this worker'),
});

export interface WorkerOptions extends WorkingGalleryOptions, z.input<typeof workerSettings> {
  /** `redis://` or `rediss://`. */
  queue: string;
  /** The queue's name, where the producer was given one. @default made of the location */
  queueName?: string | undefined;
}

/** A worker that was killed so many times with one job in its hands was perhaps killed by it. */
const mostStalls = 5;
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
  let worker: Worker | undefined;
  try {
    await gallery.open();
    const { bull } = await importBull();
    const name = await queueName(options.gallery, options.queueName);
    let stop = (_: LimnError | undefined) => {};
    const stopped = new Promise<LimnError | undefined>((resolve) => {
      stop = resolve;
    });
    const process = async (job: Job, token?: string) => {
      const giveBack = async (milliseconds: number) => {
        await job.moveToDelayed(Date.now() + milliseconds, token);
        throw new bull.DelayedError();
      };
      try {
        await gallery.work(job);
      } catch (error) {
        if (!LimnError.isInstance(error)) throw error;
        if (error.code === 'QUEUE') throw new bull.UnrecoverableError(error.message);
        // The gallery is gone, or another one: other workers may be right for the job.
        if (error.code === 'GALLERY') stop(error);
        else if (error.code !== 'STORE') throw error;
        else if (job.attemptsStarted > mostStarts) throw new bull.UnrecoverableError(error.message);
        await giveBack(error.code === 'STORE' ? await gallery.pause(error) : 1000);
      }
    };
    worker = new bull.Worker(name, process, {
      connection: redis,
      prefix: keyPrefix,
      concurrency,
      lockDuration: stalledAfter * 1000,
      stalledInterval: stalledAfter * 1000,
      maxStalledCount: mostStalls,
    });
    worker.on('error', (error) => {
      // A connection tells of its own troubles; a lock is lost when this process was too slow, and the job is done by another one too.
      if (!isConnectionError(error)) warn(`The queue: ${messageOf(error)}.`);
    });
    worker.on('failed', (job, error) => {
      if (job?.finishedOn) warn(`A job was given up: ${messageOf(error)}`);
    });
    const onAbort = () => stop(undefined);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    const failure = await stopped;
    signal?.removeEventListener('abort', onAbort);
    // Without Redis nobody can be told that jobs are done; they are done again.
    await worker.close(redis.status !== 'ready');
    if (failure) throw failure;
    return gallery.counts;
  } finally {
    await worker?.close();
    redis.disconnect();
    await gallery.close();
  }
}

const isConnectionError = (error: Error) =>
  /ECONN|EPIPE|ENOTFOUND|Connection is closed|LOADING|UNBLOCKED/i.test(messageOf(error));
