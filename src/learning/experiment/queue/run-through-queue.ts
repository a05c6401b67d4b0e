/** Has the missing runs of an experiment trained by workers, on as many machines as wanted, and collects their results. */
import { setTimeout } from 'node:timers/promises';
import { LimnError } from '../../../core/errors.js';
import { silentLogger } from '../../../core/progress.js';
import { Materials } from '../materials.js';
import { settleRun } from '../one-run.js';
import { type PlannedRun, resultOf } from '../plan.js';
import type { RunResult } from '../result.js';
import type { ExperimentRunOptions, RunsEnded } from '../run.js';
import { jobOf, type RunJob } from './run-job.js';
import { RunQueue, type RunState } from './run-queue.js';

/** Options of {@link runExperimentThroughQueue}. */
export interface QueuedRunOptions extends ExperimentRunOptions {
  /** `redis://` or `rediss://`. */
  queue: string;
  /** Milliseconds after which a run that the queue has forgotten is queued again. @default 10000 */
  patience?: number | undefined;
}

const times = { look: 500, lonely: 10_000 };

interface Waiting {
  run: PlannedRun;
  job: RunJob;
  /** When the queue had forgotten it. */
  goneSince?: number;
}

/**
 * As {@link runExperiment}, but the runs are trained by {@link runExperimentWorker} processes. The results are the same; the models stay
 * in the folders of the workers. When it is interrupted, the workers go on, and the next call collects what they did.
 *
 * @throws LimnError as {@link runExperiment}; QUEUE for a Redis that cannot be used
 */
export async function runExperimentThroughQueue(options: QueuedRunOptions): Promise<RunsEnded> {
  const { experiment, runs, signal } = options;
  const logger = options.logger ?? silentLogger;
  const materials = new Materials(experiment, options.openEncoder);
  let queue: RunQueue | undefined;
  try {
    const done = await materials.checkAll(runs);
    queue = await RunQueue.open(options.queue, experiment.name, { signal, warn: (message) => logger.warn(message) });
    const left = new Map<string, Waiting>();
    for (const run of runs) {
      if (done.has(run.id)) continue;
      const job = jobOf(run, (await materials.of(run)).hash);
      left.set(run.id, { run, job });
    }
    await materials.close();
    for (const { job } of left.values()) await queue.add(job);
    logger.info(`${left.size} of ${runs.length} runs are queued`);
    return await collect(queue, left, options);
  } finally {
    await queue?.close();
    await materials.close();
  }
}

/** Waits until every run has ended. */
async function collect(queue: RunQueue, left: Map<string, Waiting>, options: QueuedRunOptions): Promise<RunsEnded> {
  const { runs, onProgress, patience = 10_000 } = options;
  const logger = options.logger ?? silentLogger;
  const ended: RunsEnded = { busy: [], failed: [] };
  let lonelySince: number | undefined;
  while (left.size > 0) {
    let training = 0;
    for (const waiting of [...left.values()]) {
      const { run, job } = waiting;
      const state = await queue.state(job);
      if (state === 'training') training++;
      if (state !== 'gone') delete waiting.goneSince;
      const reason = await endOf(queue, state, waiting, patience);
      if (reason === undefined) continue;
      left.delete(run.id);
      const place = `${runs.length - left.size} of ${runs.length} (${run.id})`;
      if (reason === '') logger.info(`${place} has ended`);
      else {
        logger.warn(`${place}: ${reason}`);
        ended.failed.push({ run, reason });
      }
    }
    const stage = `${training} ${training === 1 ? 'run is' : 'runs are'} being trained, ended`;
    onProgress?.({ stage, done: runs.length - left.size, total: runs.length });
    if (left.size === 0) break;
    const lonely = training === 0 && (await queue.workers()) === 0;
    if (!lonely) lonelySince = undefined;
    else if (lonelySince === undefined) lonelySince = performance.now();
    else if (performance.now() - lonelySince > times.lonely) {
      logger.warn('No worker is connected: start "limn worker --queue URL --experiment FILE" where the trainings are to run.');
      lonelySince = Number.POSITIVE_INFINITY;
    }
    await setTimeout(times.look, undefined, { signal: options.signal }).catch(() => {});
  }
  return ended;
}

/** @returns undefined while the run goes on, "" when its result is written, else why it came to nothing */
async function endOf(queue: RunQueue, state: RunState, waiting: Waiting, patience: number): Promise<string | undefined> {
  const { run, job } = waiting;
  if (state === 'ended') {
    const outcome = await queue.outcome(job);
    if (!outcome) return undefined;
    if ('diverged' in outcome) {
      await queue.remove(job);
      return outcome.diverged;
    }
    if (!(await keep(run, job, outcome.result))) return undefined;
    await queue.remove(job);
    return '';
  }
  if (state === 'failed') return queue.failure(job);
  if (state !== 'gone') return undefined;
  // Another producer may have collected it into the same folder; else a Redis that was killed has forgotten the job.
  if (await resultOf(run, job.hash.data)) return '';
  waiting.goneSince ??= performance.now();
  if (performance.now() - waiting.goneSince > patience) {
    await queue.add(job);
    delete waiting.goneSince;
  }
  return undefined;
}

/** Writes a result into the run's folder. @returns false while another process works there */
async function keep(run: PlannedRun, job: RunJob, result: RunResult): Promise<boolean> {
  if (result.hash.settings !== job.hash.settings || result.hash.data !== job.hash.data) {
    throw new LimnError('QUEUE', `The result of ${run.id} in the queue is that of another run: empty the queue, and try again.`);
  }
  return (await settleRun(run, job.hash.data, async () => result)) !== undefined;
}
