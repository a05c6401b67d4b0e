/** Measures what a training step takes on this machine, by a training of a few steps that is thrown away. */
import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../../core/files.js';
import type { OnProgress } from '../../core/progress.js';
import type { Split } from '../data/triplets.js';

const steps = 5;
/** Where all steps were too quick to be told apart. */
const unknown = 0.5;

/** What a training of few steps is given. */
export interface MeasuredTraining {
  train: Split;
  val: Split;
  /** A folder that is removed at the end. */
  out: string;
  dataset: Record<string, unknown>;
  onBroken: 'skip';
  onProgress: OnProgress;
}

export interface MeasureStepOptions {
  train: Split;
  val: Split;
  batchSize: number;
  /** Trains for one epoch, and reports each step as "train". */
  work: (training: MeasuredTraining) => Promise<unknown>;
  /** Seconds, from any start. */
  now?: (() => number) | undefined;
}

/** @returns seconds, the median of some steps behind the first */
export async function measureStep({ train, val, batchSize, work, now = secondsNow }: MeasureStepOptions): Promise<number> {
  const out = await temporaryFolder('limn-measure');
  const times: number[] = [];
  try {
    await work({
      train: partOf(train, steps * batchSize),
      val: partOf(val, 1),
      out,
      dataset: {},
      onBroken: 'skip',
      onProgress: ({ stage }) => {
        if (stage === 'train') times.push(now());
      },
    });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? unknown;
}

export const secondsNow = () => performance.now() / 1000;

function partOf(split: Split, count: number): Split {
  const triplets = split.triplets.slice(0, count);
  const named = new Set(triplets.flatMap(({ reference, targets, subset = [] }) => [reference, ...targets, ...subset]));
  return { ...split, triplets, images: split.images.filter(({ id }) => named.has(id)) };
}
