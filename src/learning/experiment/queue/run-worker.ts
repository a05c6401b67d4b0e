/** A worker that trains the runs of an experiment, one after another, as a queue hands them out. */
import { LimnError, messageOf } from '../../../core/errors.js';
import { silentLogger } from '../../../core/progress.js';
import { connectRedis } from '../../../core/redis/connect.js';
import { workOnJobs } from '../../../core/redis/job-worker.js';
import type { OpenEncoder } from '../dataset.js';
import { Materials } from '../materials.js';
import { checkRun, type OneRunOptions, runOnce } from '../one-run.js';
import { planRuns } from '../plan.js';
import { type RunJob, type RunOutcome, readJob } from './run-job.js';
import { queueName } from './run-queue.js';

/** Options of {@link runExperimentWorker}. */
export interface ExperimentWorkerOptions extends OneRunOptions {
  /** `redis://` or `rediss://`. */
  queue: string;
  /** Where this worker keeps its runs: checkpoints, models, results. */
  out: string;
  /** Opens the image encoder of a run. */
  openEncoder: OpenEncoder;
  /** Seconds of silence after which others take the run of this worker. @default 30 */
  stalledAfter?: number | undefined;
}

/** How long a run waits that this worker gives back. */
const backMilliseconds = 1000;

/**
 * Trains until `signal` fires. A training that is interrupted keeps its checkpoint, and its run goes back to the queue; a worker with the
 * same `out` resumes.
 *
 * @returns how many runs it trained
 * @throws LimnError CONFIG where this machine's experiment or data are not those of the queue; QUEUE for a Redis that cannot be used; as
 * {@link runExperiment} for what is wrong with a run here, which goes back to the queue for others
 */
export async function runExperimentWorker(options: ExperimentWorkerOptions): Promise<number> {
  const { experiment, signal, stalledAfter = 30 } = options;
  const logger = options.logger ?? silentLogger;
  const warn = (message: string) => logger.warn(message);
  const redis = await connectRedis(options.queue, { warn });
  const materials = new Materials(experiment, options.openEncoder);
  let trained = 0;
  const queue = { name: queueName(experiment.name), concurrency: 1, stalledAfter, signal, warn, called: 'run' };
  try {
    await workOnJobs(redis, queue, async (job, hands): Promise<RunOutcome> => {
      if (hands.isStopping()) return hands.giveBack(backMilliseconds);
      try {
        const outcome = await train(readJob(job.data), materials, options);
        if (!outcome) return hands.giveBack(backMilliseconds);
        trained++;
        return outcome;
      } catch (error) {
        if (!LimnError.isInstance(error)) throw error;
        // What is wrong here may be right on another machine.
        hands.stop(error.code === 'INTERRUPTED' ? undefined : error);
        return hands.giveBack(backMilliseconds);
      }
    });
    return trained;
  } finally {
    redis.disconnect();
    await materials.close();
  }
}

/** @returns undefined where another process of this machine works on the run */
async function train(job: RunJob, materials: Materials, options: ExperimentWorkerOptions): Promise<RunOutcome | undefined> {
  const { experiment, out } = options;
  const run = planRuns(experiment, out, [job.seed]).find(({ id }) => id === job.run);
  if (run?.hash !== job.hash.settings) {
    throw new LimnError(
      'CONFIG',
      `${experiment.file} is not the experiment whose runs are queued (${job.run} has other settings there): give all machines the same file.`,
    );
  }
  const material = await materials.of(run);
  if (material.hash !== job.hash.data) {
    throw new LimnError(
      'CONFIG',
      `The data or the encoder of ${job.run} are not the same here as where it was queued: give all machines the same dataset and encoder.`,
    );
  }
  const logger = options.logger ?? silentLogger;
  logger.info(run.id);
  try {
    const result = (await checkRun(experiment, run, material)) ?? (await runOnce(run, material, run.id, options));
    return result && { result };
  } catch (error) {
    if (!LimnError.isInstance(error) || error.code !== 'NOT_FINITE') throw error;
    logger.warn(`${run.id}: ${messageOf(error)}`);
    return { diverged: messageOf(error) };
  }
}
