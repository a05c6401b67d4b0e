/** Measures what a training step takes on this machine, by a training of a few steps that is thrown away. */
import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../core/files.js';
import type { OnProgress } from '../core/progress.js';
import type { Split } from '../learning/data/triplets.js';
import { train } from '../learning/train/train.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { modelOf, type Size, trainingOf } from './plan.js';

const steps = 5;

/** @returns seconds, the median of some steps behind the first */
export async function measureStep(
  splits: { train: Split; val: Split },
  {
    size,
    batchSize,
    reader,
    signal,
  }: { size: Size; batchSize: number; reader: ImageEncoderRuntime; signal?: AbortSignal | undefined },
): Promise<number> {
  const out = await temporaryFolder('limn-measure');
  const times: number[] = [];
  const onProgress: OnProgress = ({ stage }) => {
    if (stage === 'train') times.push(performance.now() / 1000);
  };
  try {
    await train({
      train: partOf(splits.train, steps * batchSize),
      val: partOf(splits.val, 1),
      reader,
      out,
      dataset: {},
      model: modelOf(size, reader),
      training: { ...trainingOf({ batchSize, epochs: 1, validateEvery: 1 }, reader), stepsPerRun: 1 },
      onBroken: 'skip',
      signal,
      onProgress,
    });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0.5;
}

function partOf(split: Split, count: number): Split {
  const triplets = split.triplets.slice(0, count);
  const named = new Set(triplets.flatMap(({ reference, targets }) => [reference, ...targets]));
  return { ...split, triplets, images: split.images.filter(({ id }) => named.has(id)) };
}
