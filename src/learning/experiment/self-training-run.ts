/** A run that is trained in rounds. Runs with the same labels, models and seed share their round 0, which is the same for all. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '../../core/errors.js';
import { makeFolder, sha256, writeError } from '../../core/files.js';
import { takeLock } from '../../core/lock.js';
import type { SelfTrainOptions } from '../self-training/begin.js';
import type { SelfTrainResult } from '../self-training/rounds.js';
import { selfTrain } from '../self-training/self-train.js';
import type { SelfTrainSettingsInput } from '../self-training/settings.js';
import { canonical, type PlannedRun } from './plan.js';

export interface SelfTrainedRun {
  /** The folder of the best round's model. */
  model: string;
  /** Of all rounds. */
  seconds: number;
  /** The best round. */
  epoch: number;
  /** Steps of LIMN in all rounds. */
  steps: number;
}

type Common = Pick<SelfTrainOptions, 'train' | 'val' | 'reader' | 'dataset' | 'signal' | 'onProgress' | 'logger'>;

/** @param shared the folder for what runs have in common @param data hash of the data */
export async function selfTrainRun(run: PlannedRun, shared: string, data: string, common: Common): Promise<SelfTrainedRun> {
  const settings = run.settings.selfTraining as SelfTrainSettingsInput;
  const { labels, limn, captioner } = settings;
  const first = { rounds: 0, labels, limn, captioner };
  const folder = join(shared, sha256(canonical({ first, data, seed: run.seed })).slice(0, 16));
  const options = { ...common, seed: run.seed, resume: true };
  const labelled = await alone(folder, common.signal, () => selfTrain({ ...options, out: folder, settings: first }));
  if (settings.rounds === 0) return summed(labelled);
  const out = join(run.folder, 'rounds');
  const copied = join(out, 'round-0');
  await cp(join(folder, 'round-0'), copied, { recursive: true }).catch((error) => {
    throw writeError(copied, error);
  });
  const trained = await selfTrain({ ...options, out, settings });
  // The shared folder has it.
  await rm(copied, { recursive: true, force: true });
  return summed(trained);
}

function summed({ rounds, best, limn }: SelfTrainResult): SelfTrainedRun {
  const seconds = rounds.flatMap((round) => Object.values(round.seconds)).reduce((sum, part) => sum + part, 0);
  return { model: limn, seconds, epoch: best, steps: rounds.reduce((sum, round) => sum + round.steps, 0) };
}

/** Does work in a folder that other processes want too, one after the other. */
async function alone<T>(folder: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await makeFolder(folder).catch((error) => {
    throw writeError(folder, error);
  });
  for (;;) {
    const lock = await takeLock(join(folder, 'lock'));
    if (lock) {
      try {
        return await work();
      } finally {
        await lock.release();
      }
    }
    throwIfAborted(signal, 'waiting for another process');
    await sleep(2000);
  }
}
