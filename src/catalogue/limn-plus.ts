/** LIMN+ on a shop's own images: a captioner writes texts for near images, LIMN judges them, and is trained again on what is accepted. */
import { join, resolve } from 'node:path';
import { LimnError } from '../core/errors.js';
import { formatDuration } from '../core/progress.js';
import type { Split } from '../learning/data/triplets.js';
import { selfTrain } from '../learning/self-training/self-train.js';
import { trainCaptioner } from '../learning/train/train-captioner.js';
import { captionerSettings, type PlusPlan, plusSettings } from './plan-plus.js';
import type { TimedTraining } from './train-in-time.js';
import { unlabelledImages } from './unlabelled-images.js';

export interface PlusOutcome {
  /** Whether its model is the one that is used. */
  kept: boolean;
  /** R@10 in percent on validation, without and with it; left out where it was not done to the end. */
  validation?: { before: number; after: number };
  /** Pairs of near images that a text was written for. */
  pairs?: number;
  /** Texts that were accepted and trained on. */
  accepted?: number;
  /** Images that no row names and that took part. */
  unlabelled?: number;
  /** What was done and what became of it, a sentence without its end. */
  said: string;
}

export interface PlusOptions extends Omit<TimedTraining, 'run'> {
  test: Split;
  /** The folder of all images. */
  images: string;
  /** The run of LIMN without it. */
  limn: string;
  /** Its own folder. */
  out: string;
  /** A captioner's folder. @default one is trained on the triplets */
  captioner: string | undefined;
  plus: PlusPlan;
}

/** The model that a round ended with. */
export const plusModel = (out: string) => join(out, 'rounds', 'limn');

/** One that is not done, in words. @param left seconds that there are */
export function tooLate(needed: number, left: number): PlusOutcome {
  const said = `not run: it would take about ${formatDuration(needed)}, and ${left > 1 ? formatDuration(left) : 'nothing'} of the time is left`;
  return { kept: false, said };
}

/** @throws LimnError as selfTrain and trainCaptioner do; INTERRUPTED when `signal` fires, but not when its time is used up */
export async function runPlus(options: PlusOptions): Promise<PlusOutcome> {
  const { limit, signal } = options;
  const deadline = AbortSignal.timeout(Math.max(1, Math.round(limit * 1000)));
  try {
    return await round({ ...options, signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
  } catch (error) {
    if (!LimnError.isInstance(error) || signal?.aborted) throw error;
    if (error.code === 'INTERRUPTED' && deadline.aborted) {
      return { kept: false, said: 'stopped: it took longer than there was time; the model without it is used' };
    }
    // Nothing accepted, or no pairs: there is a model all the same.
    if (error.code === 'DATA') return { kept: false, said: `without effect: ${error.message.replace(/\.$/, '')}` };
    throw error;
  }
}

async function round(options: PlusOptions): Promise<PlusOutcome> {
  const { train, val, test, reader, data, limn, out, plan, plus, seed, signal, logger, onProgress } = options;
  const tools = { signal, onProgress, logger };
  const dataset = { name: 'triplets', directory: resolve(data) };
  const onBroken = 'skip' as const;
  const captioner = options.captioner ?? join(out, 'captioner');
  if (options.captioner === undefined) {
    const settings = captionerSettings(plus, plan, reader);
    await trainCaptioner({ train, val, reader, out: captioner, dataset, ...settings, seed, resume: true, onBroken, ...tools });
  }
  const heldOut = [val, test];
  const more = await unlabelledImages({ folder: options.images, labelled: train, heldOut, reader, seed, signal });
  const { rounds, best } = await selfTrain({
    train,
    val,
    pool: more.images,
    given: { limn, captioner },
    reader,
    out: join(out, 'rounds'),
    dataset,
    settings: plusSettings(plus, plan, reader),
    seed,
    resume: true,
    onBroken,
    ...tools,
  });
  const [before, after] = rounds.map(({ recall }) => recall['10'] as number) as [number, number];
  const { mined, trainedOn } = rounds[1] as (typeof rounds)[number];
  const pairs = Object.values(mined).reduce((sum, count) => sum + count, 0);
  const kept = best === 1;
  const became = kept ? 'its model is used' : 'the model without it is used';
  return {
    kept,
    validation: { before, after },
    pairs,
    accepted: trainedOn.pseudo,
    unlabelled: more.images.length,
    said: `validation R@10 ${before.toFixed(1)} without it and ${after.toFixed(1)} with it, trained on ${trainedOn.pseudo} accepted texts for ${pairs} pairs of near images; ${became}`,
  };
}
