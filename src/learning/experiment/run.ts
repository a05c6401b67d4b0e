/** Trains and measures the runs of an experiment that are not done yet. Several processes may do so in one folder at once. */
import { LimnError, messageOf } from '../../core/errors.js';
import { formatDuration, silentLogger } from '../../core/progress.js';
import type { OpenEncoder } from './dataset.js';
import { Materials } from './materials.js';
import { type OneRunOptions, runOnce } from './one-run.js';
import { type PlannedRun, resultsOf } from './plan.js';
import type { RunResult } from './result.js';

/** Options of {@link runExperiment}. */
export interface ExperimentRunOptions extends OneRunOptions {
  /** The runs to train; see {@link planRuns}. */
  runs: readonly PlannedRun[];
  /** Opens the image encoder that the experiment names. @default openImageEncoder */
  openEncoder?: OpenEncoder | undefined;
}

/** How the runs ended that have no result. */
export interface RunsEnded {
  /** Runs that another process works on. */
  busy: PlannedRun[];
  /** Runs whose training came to nothing, and why. */
  failed: { run: PlannedRun; reason: string }[];
}

/**
 * Trains what is missing; a run that was interrupted goes on from its checkpoint.
 *
 * @throws LimnError before anything is trained: CONFIG and USAGE for wrong settings, DATA for data or run folders that are
 * damaged; later INTERRUPTED, when `signal` fires
 */
export async function runExperiment(options: ExperimentRunOptions): Promise<RunsEnded> {
  const { experiment, runs } = options;
  const logger = options.logger ?? silentLogger;
  const materials = new Materials(experiment, options.openEncoder);
  try {
    const done = await materials.checkAll(runs);
    const ended: RunsEnded = { busy: [], failed: [] };
    for (const [at, run] of runs.entries()) {
      // Another process may have done some meanwhile.
      await collect(runs, done);
      if (done.has(run.id)) continue;
      const place = `run ${at + 1} of ${runs.length} (${run.id})`;
      logger.info(`${place}${timeLeft(runs, done)}`);
      try {
        const result = await runOnce(run, await materials.of(run), place, options);
        if (result) done.set(run.id, result);
        else {
          logger.info(`${place}: another process works on it`);
          ended.busy.push(run);
        }
      } catch (error) {
        if (!LimnError.isInstance(error)) throw error;
        if (error.code === 'INTERRUPTED') {
          throw new LimnError('INTERRUPTED', `Interrupted in ${place}. Run the same command to resume.`, { cause: error });
        }
        // A training that diverges says something of its method and nothing of the others.
        if (error.code !== 'NOT_FINITE') throw new LimnError(error.code, `${place}: ${messageOf(error)}`, { cause: error });
        logger.warn(`${place}: ${messageOf(error)}`);
        ended.failed.push({ run, reason: messageOf(error) });
      }
    }
    return ended;
  } finally {
    await materials.close();
  }
}

/** Adds the results that are there and not in `done` yet. */
async function collect(runs: readonly PlannedRun[], done: Map<string, RunResult>): Promise<void> {
  for (const [id, result] of await resultsOf(runs.filter(({ id }) => !done.has(id)))) done.set(id, result);
}

/** ", about 2 h 05 min left", from the times of the same methods, else of all. */
function timeLeft(runs: readonly PlannedRun[], done: ReadonlyMap<string, RunResult>): string {
  const mean = (results: readonly RunResult[]) =>
    results.reduce((sum, { training }) => sum + training.seconds, 0) / results.length;
  const results = [...done.values()];
  if (results.length === 0) return '';
  const seconds = runs.map((run) => {
    const same = results.filter(({ method }) => method === run.method.id);
    return done.has(run.id) ? 0 : mean(same.length > 0 ? same : results);
  });
  return `, about ${formatDuration(seconds.reduce((sum, part) => sum + part, 0))} left`;
}
