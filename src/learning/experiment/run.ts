/** Trains and measures the runs of an experiment that are not done yet. Several processes may do so in one folder at once. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LimnError, messageOf } from '../../core/errors.js';
import { makeFolder } from '../../core/files.js';
import { sweepTemporary } from '../../core/leftovers.js';
import { takeLock } from '../../core/lock.js';
import { formatDuration, type Logger, type OnProgress, silentLogger } from '../../core/progress.js';
import { check } from '../../core/schema.js';
import { captionerConfig } from '../../models/captioner/captioner-config.js';
import { modelConfig } from '../../models/methods/model-config.js';
import { openImageEncoder } from '../../models/retrieval/open-image-encoder.js';
import { requireUsable } from '../data/usable.js';
import { findProtocol } from '../eval/protocols/index.js';
import { selfTrainSettings } from '../self-training/settings.js';
import { trainingSettings } from '../train/settings.js';
import { captionRun } from './caption-run.js';
import type { Experiment } from './config.js';
import { type Material, type OpenEncoder, openMaterial } from './dataset.js';
import { checkMetrics } from './metrics.js';
import { markStarted, type PlannedRun, resultOf, resultsOf } from './plan.js';
import { type RunResult, surroundings, writeResult } from './result.js';
import { retrievalRun } from './retrieval-run.js';

export interface RunOptions {
  experiment: Experiment;
  runs: readonly PlannedRun[];
  /** Opens the image encoder that the experiment names. @default openImageEncoder */
  openEncoder?: OpenEncoder | undefined;
  /** The command line, kept in every result. @default "runExperiment" */
  command?: string | undefined;
  /** Fires to stop after a checkpoint. */
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  logger?: Logger;
}

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
export async function runExperiment(options: RunOptions): Promise<RunsEnded> {
  const { experiment, runs } = options;
  const logger = options.logger ?? silentLogger;
  const materials = new Map<string | undefined, Material>();
  try {
    for (const category of new Set(runs.map((run) => run.category))) {
      materials.set(category, await openMaterial(experiment, category, options.openEncoder ?? openImageEncoder));
    }
    const materialOf = (run: PlannedRun) => materials.get(run.category) as Material;
    const done = await checkAll(experiment, runs, materialOf);
    const ended: RunsEnded = { busy: [], failed: [] };
    for (const [at, run] of runs.entries()) {
      // Another process may have done some meanwhile.
      await collect(runs, done);
      if (done.has(run.id)) continue;
      const place = `run ${at + 1} of ${runs.length} (${run.id})`;
      logger.info(`${place}${timeLeft(runs, done)}`);
      try {
        const result = await runOnce(run, materialOf(run), place, options);
        if (result) done.set(run.id, result);
        else {
          logger.info(`${place}: another process works on it`);
          ended.busy.push(run);
        }
      } catch (error) {
        if (!LimnError.isInstance(error)) throw error;
        if (error.code === 'INTERRUPTED') {
          throw new LimnError('INTERRUPTED', `Interrupted in ${place}. Give the same command to go on.`, { cause: error });
        }
        // A training that diverges says something of its method and nothing of the others.
        if (error.code !== 'NOT_FINITE') throw new LimnError(error.code, `${place}: ${messageOf(error)}`, { cause: error });
        logger.warn(`${place}: ${messageOf(error)}`);
        ended.failed.push({ run, reason: messageOf(error) });
      }
    }
    return ended;
  } finally {
    for (const { reader, text } of materials.values()) {
      await reader.close();
      await text.close();
    }
  }
}

/** Everything that can be wrong, before hours are spent. @returns the results that are there already, by run */
async function checkAll(
  experiment: Experiment,
  runs: readonly PlannedRun[],
  materialOf: (run: PlannedRun) => Material,
): Promise<Map<string, RunResult>> {
  const protocol = findProtocol(experiment.protocol);
  const done = new Map<string, RunResult>();
  for (const run of runs) {
    const { reader, text, hash, train, validation, measured } = materialOf(run);
    const caption = experiment.task === 'caption';
    requireUsable(train, 'train on');
    requireUsable(validation, caption ? 'caption' : 'validate on');
    requireUsable(measured, caption ? 'caption' : 'evaluate');
    const what = `${experiment.file}, method "${run.method.id}",`;
    const training = check(trainingSettings, run.settings.training, `${what} "training"`);
    findProtocol(training.protocol);
    if (run.settings.selfTraining) check(selfTrainSettings, run.settings.selfTraining, `${what} "selfTraining"`);
    const model = { ...run.settings.model, vocabularySize: 100, image: reader.config };
    if (experiment.task === 'caption') check(captionerConfig, model, `${what} "model"`);
    else check(modelConfig, { ...model, text: text.config }, `${what} "model"`);
    checkMetrics(experiment, protocol, measured);
    const result = await resultOf(run, hash);
    if (result) done.set(run.id, result);
  }
  return done;
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

/** @returns undefined where another process works on the run */
async function runOnce(run: PlannedRun, material: Material, place: string, options: RunOptions): Promise<RunResult | undefined> {
  await makeFolder(run.folder).catch((cause) => {
    throw new LimnError('IO', `Cannot make the run folder ${run.folder}: ${messageOf(cause)}.`, { cause });
  });
  const lock = await takeLock(join(run.folder, 'lock'));
  if (!lock) return undefined;
  try {
    const before = await resultOf(run, material.hash);
    if (before) return before;
    await sweepTemporary(run.folder, { deep: true });
    await markStarted(run, material.hash);
    const result = await trainAndMeasure(run, material, place, options);
    await writeResult(run.folder, result);
    // A run with a result is never resumed, and its checkpoint is three times the size of its model.
    await rm(join(run.folder, 'checkpoints'), { recursive: true, force: true });
    return result;
  } finally {
    await lock.release();
  }
}

async function trainAndMeasure(run: PlannedRun, material: Material, place: string, options: RunOptions): Promise<RunResult> {
  const { experiment, command = 'runExperiment', signal, onProgress, logger } = options;
  const report: OnProgress | undefined = onProgress && ((event) => onProgress({ ...event, stage: `${place}: ${event.stage}` }));
  const tools = { signal, onProgress: report, logger: logger ?? silentLogger };
  const measure = experiment.task === 'caption' ? captionRun : retrievalRun;
  const { hash, reader, measured } = material;
  const { model, ...found } = await measure(run, material, experiment, tools);
  return {
    format: 'limn-result-1',
    hash: { settings: run.hash, data: hash },
    method: run.method.id,
    ...(run.category === undefined ? {} : { category: run.category }),
    seed: run.seed,
    protocol: experiment.protocol,
    split: measured.name,
    ...found,
    model: { hash: model, encoder: reader.id },
    ...surroundings(),
    command,
  };
}
