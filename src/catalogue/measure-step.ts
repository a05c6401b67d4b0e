/** Measures what a training step of LIMN takes on this machine. */
import type { Split } from '../learning/data/triplets.js';
import { measureStep as measure } from '../learning/train/measure-step.js';
import { train } from '../learning/train/train.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { modelOf, type Size, trainingOf } from './plan.js';

/** @returns seconds, the median of some steps behind the first */
export function measureStep(
  splits: { train: Split; val: Split },
  {
    size,
    batchSize,
    reader,
    signal,
  }: { size: Size; batchSize: number; reader: ImageEncoderRuntime; signal?: AbortSignal | undefined },
): Promise<number> {
  const training = { ...trainingOf({ batchSize, epochs: 1, validateEvery: 1 }, reader), stepsPerRun: 1 };
  const work = { reader, model: modelOf(size, reader), training, signal };
  return measure({ ...splits, batchSize, work: (common) => train({ ...common, ...work }) });
}
