/** The runs of an experiment: one a seed, method and category, each with a folder and a hash of its settings. */

import { join } from 'node:path';
import { readSealedJson, sealed } from '../../core/checksum.js';
import { LimnError } from '../../core/errors.js';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { formerNames } from '../../core/former-names.js';
import { suggestion } from '../../core/suggest.js';
import { type Experiment, type ExperimentMethod, type RunSettings, settingsOf } from './config.js';
import { type RunResult, readResult } from './result.js';

/** One training of an experiment. */
export interface PlannedRun {
  /** Unique in the experiment, e.g. "limn/dress/seed-1"; also its folder under runs/. */
  id: string;
  /** The run folder. */
  folder: string;
  /** The folder of the whole experiment. */
  root: string;
  /** The method to train. */
  method: ExperimentMethod;
  /** The category of the dataset; undefined if it has none. */
  category: string | undefined;
  /** Seed of the training. */
  seed: number;
  /** Model and training settings, those of the method merged into those of the experiment. */
  settings: RunSettings;
  /** SHA-256 of everything in the experiment's file that the result depends on. */
  hash: string;
}

/** All runs, seed by seed, so that a first comparison is there early. @param seeds runs of these too */
export function planRuns(experiment: Experiment, out: string, seeds: readonly number[] = []): PlannedRun[] {
  return [...new Set([...experiment.seeds, ...seeds])].flatMap((seed) =>
    experiment.methods.flatMap((method) =>
      experiment.categories.map((category) => planRun(experiment, out, method, category, seed)),
    ),
  );
}

/** Some of the runs. @throws LimnError USAGE for a method that is not there */
export function selectRuns(
  runs: readonly PlannedRun[],
  {
    only,
    seeds,
  }: {
    /** Ids of methods. @default all */
    only?: readonly string[] | undefined;
    /** Seeds. @default all seeds of the plan */
    seeds?: readonly number[] | undefined;
  },
): PlannedRun[] {
  const known = [...new Set(runs.map(({ method }) => method.id))];
  const unknown = only?.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new LimnError('USAGE', `The experiment has no method "${unknown}". ${suggestion(unknown, known)}`);
  }
  return runs.filter(({ method, seed }) => (only?.includes(method.id) ?? true) && (seeds?.includes(seed) ?? true));
}

function planRun(
  experiment: Experiment,
  out: string,
  method: ExperimentMethod,
  category: string | undefined,
  seed: number,
): PlannedRun {
  const { dataset, trainOn, protocol, split, task } = experiment;
  const id = [method.id, ...(category === undefined ? [] : [category]), `seed-${seed}`].join('/');
  const settings = settingsOf(experiment, method);
  const { format, onMissing } = dataset;
  const hash = sha256(
    // Results that are there were hashed with the names that the settings had then.
    canonical(
      formerNames({
        ...{ format, onMissing, category, protocol, split, seed, ...settings },
        ...(task === 'caption' ? { task } : {}),
        ...(trainOn ? { trainOn: trainOn.format } : {}),
      }),
    ),
  );
  return { id, folder: join(out, 'runs', id), root: out, method, category, seed, settings, hash };
}

/** JSON with sorted keys, so that their order in the file does not matter. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

const startFile = (run: PlannedRun) => join(run.folder, 'run.json');

/** Notes in the folder which settings and data its training begins with. */
export async function markStarted(run: PlannedRun, data: string): Promise<void> {
  const value = { id: run.id, hash: { settings: run.hash, data }, settings: run.settings };
  await writeFileAtomic(startFile(run), `${JSON.stringify(sealed(value), undefined, 2)}\n`);
}

/**
 * The result of a run, or undefined where it is not done.
 *
 * @param data hash of the data, where it is known
 * @throws LimnError CONFIG when the folder holds a run with other settings or data, DATA when a file in it is damaged
 */
export async function resultOf(run: PlannedRun, data?: string): Promise<RunResult | undefined> {
  const result = await readResult(run.folder);
  const hash = result?.hash ?? (await startedWith(run));
  const other = hash && (hash.settings !== run.hash ? 'settings' : data !== undefined && hash.data !== data ? 'data' : undefined);
  if (!other) return result;
  const which = other === 'data' ? 'on other data or with another encoder' : 'with other settings';
  throw new LimnError('CONFIG', `The run in ${run.folder} was made ${which}: choose another --out, or delete that folder.`, {
    details: { folder: run.folder, other },
  });
}

/** The results that are there, by run id. @throws LimnError as {@link resultOf} */
export async function resultsOf(runs: readonly PlannedRun[]): Promise<Map<string, RunResult>> {
  const results = new Map<string, RunResult>();
  for (const run of runs) {
    const result = await resultOf(run);
    if (result) results.set(run.id, result);
  }
  return results;
}

async function startedWith(run: PlannedRun): Promise<RunResult['hash'] | undefined> {
  const path = startFile(run);
  const value = await readSealedJson(path, 'the beginning of a run').catch((error) => {
    if (error.cause?.code === 'ENOENT') return undefined;
    throw new LimnError('DATA', `${path} is damaged: delete the folder ${run.folder} to train this run again.`, { cause: error });
  });
  return (value as { hash?: RunResult['hash'] } | undefined)?.hash;
}
