/** A worker on a queue of BullMQ's: takes jobs until it is told to stop, and gives back those that are not for it. */
import type { Job, Worker } from 'bullmq';
import { messageOf } from '../errors.js';
import { keyPrefix } from './connect.js';
import { importBull, type RedisClient } from './peer.js';

export interface JobWorkerOptions {
  name: string;
  /** Jobs at once. */
  concurrency: number;
  /** Seconds of silence after which others take the jobs of this worker. */
  stalledAfter: number;
  /** Fires to finish what is in hand and end. */
  signal: AbortSignal | undefined;
  warn(message: string): void;
  /** What a job is called in messages: "job". */
  called: string;
}

/** What a job's work can do beside ending. */
export interface Hands {
  /** Puts the job back on the queue, for whoever is next after a while. */
  giveBack(milliseconds: number): Promise<never>;
  /** Gives the job up: it would come to the same a second time. */
  giveUp(message: string): never;
  /** Ends the worker. @param error what {@link workOnJobs} is to throw */
  stop(error?: Error): void;
  /** Whether the worker is ending. */
  isStopping(): boolean;
}

/** A worker that was killed so many times with one job in its hands was perhaps killed by it. */
const mostStalls = 5;

/** Works until `signal` fires, or until the work of a job stops it; jobs that are in hand are finished then. */
export async function workOnJobs(
  redis: RedisClient,
  options: JobWorkerOptions,
  work: (job: Job, hands: Hands) => Promise<unknown>,
): Promise<void> {
  const { name, concurrency, stalledAfter, signal, warn, called } = options;
  const { bull } = await importBull();
  let stopping = false;
  let end = (_: Error | undefined) => {};
  const stopped = new Promise<Error | undefined>((resolve) => {
    end = resolve;
  });
  const stop = (error?: Error) => {
    stopping = true;
    end(error);
  };
  const process = (job: Job, token?: string) =>
    work(job, {
      giveBack: async (milliseconds) => {
        await job.moveToDelayed(Date.now() + milliseconds, token);
        throw new bull.DelayedError();
      },
      giveUp: (message) => {
        throw new bull.UnrecoverableError(message);
      },
      stop,
      isStopping: () => stopping,
    });
  let worker: Worker | undefined;
  try {
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
      if (job?.finishedOn) warn(`A ${called} was given up: ${messageOf(error)}`);
    });
    const onAbort = () => stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    const failure = await stopped;
    signal?.removeEventListener('abort', onAbort);
    // Without Redis nobody can be told that jobs are done; they are done again.
    await worker.close(redis.status !== 'ready');
    if (failure) throw failure;
  } finally {
    await worker?.close();
  }
}

const isConnectionError = (error: Error) =>
  /ECONN|EPIPE|ENOTFOUND|Connection is closed|LOADING|UNBLOCKED/i.test(messageOf(error));
