/** One run of an experiment: checked beforehand, trained and measured in its folder. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LimnError, messageOf } from '../../core/errors.js';
import { makeFolder } from '../../core/files.js';
import { sweepTemporary } from '../../core/leftovers.js';
import { takeLock } from '../../core/lock.js';
import { type Logger, type OnProgress, silentLogger } from '../../core/progress.js';
import { check } from '../../core/schema.js';
import { captionerConfig } from '../../models/captioner/captioner-config.js';
import { modelConfig } from '../../models/methods/model-config.js';
import { requireUsable } from '../data/usable.js';
import { findProtocol } from '../eval/protocols/index.js';
import { selfTrainSettings } from '../self-training/settings.js';
import { trainingSettings } from '../train/settings.js';
import { captionRun } from './caption-run.js';
import type { Experiment } from './config.js';
import type { Material } from './dataset.js';
import { checkMetrics } from './metrics.js';
import { markStarted, type PlannedRun, resultOf } from './plan.js';
import { type RunResult, surroundings, writeResult } from './result.js';
import { retrievalRun } from './retrieval-run.js';

/** What every run of an experiment is given. */
export interface OneRunOptions {
  /** The experiment; see {@link readExperiment}. */
  experiment: Experiment;
  /** The command line, kept in every result. @default "runExperiment" */
  command?: string | undefined;
  /** Fires to stop after a checkpoint. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where remarks go. @default {@link silentLogger} */
  logger?: Logger | undefined;
}

/**
 * Everything that can be wrong with a run, before hours are spent.
 *
 * @returns its result, where it is there already
 * @throws LimnError CONFIG and USAGE for wrong settings, DATA for data or a run folder that is damaged
 */
export async function checkRun(experiment: Experiment, run: PlannedRun, material: Material): Promise<RunResult | undefined> {
  const { reader, text, hash, train, validation, measured } = material;
  const caption = experiment.task === 'caption';
  requireUsable(train, 'train on');
  requireUsable(validation, caption ? 'caption' : 'validate on');
  requireUsable(measured, caption ? 'caption' : 'evaluate');
  const what = `${experiment.file}, method "${run.method.id}",`;
  const training = check(trainingSettings, run.settings.training, `${what} "training"`);
  findProtocol(training.protocol);
  if (run.settings.selfTraining) check(selfTrainSettings, run.settings.selfTraining, `${what} "selfTraining"`);
  const model = { ...run.settings.model, vocabularySize: 100, image: reader.config };
  if (caption) check(captionerConfig, model, `${what} "model"`);
  else check(modelConfig, { ...model, text: text.config }, `${what} "model"`);
  checkMetrics(experiment, findProtocol(experiment.protocol), measured);
  return resultOf(run, hash);
}

/**
 * @param place what progress and messages call it
 * @returns undefined where another process works on the run
 */
export async function runOnce(
  run: PlannedRun,
  material: Material,
  place: string,
  options: OneRunOptions,
): Promise<RunResult | undefined> {
  const result = await settleRun(run, material.hash, async () => {
    await sweepTemporary(run.folder, { deep: true });
    await markStarted(run, material.hash);
    return trainAndMeasure(run, material, place, options);
  });
  // A run with a result is never resumed, and its checkpoint is three times the size of its model.
  if (result) await rm(join(run.folder, 'checkpoints'), { recursive: true, force: true });
  return result;
}

/**
 * Writes a run's result, unless it is there, with the folder to itself.
 *
 * @param data hash of the data
 * @returns the result in the folder; undefined where another process works on the run
 */
export async function settleRun(run: PlannedRun, data: string, make: () => Promise<RunResult>): Promise<RunResult | undefined> {
  await makeFolder(run.folder).catch((cause) => {
    throw new LimnError('IO', `Cannot make the run folder ${run.folder}: ${messageOf(cause)}.`, { cause });
  });
  const lock = await takeLock(join(run.folder, 'lock'));
  if (!lock) return undefined;
  try {
    const before = await resultOf(run, data);
    if (before) return before;
    const result = await make();
    await writeResult(run.folder, result);
    return result;
  } finally {
    await lock.release();
  }
}

async function trainAndMeasure(run: PlannedRun, material: Material, place: string, options: OneRunOptions): Promise<RunResult> {
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
