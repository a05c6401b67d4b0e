/** What the training and measuring of every task has in common. */
import type { Logger, OnProgress } from '../../core/progress.js';
import { sizeOf, type Tensor } from '../../engine/tensor/tensor.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { Experiment } from './config.js';
import type { PlannedRun } from './plan.js';
import type { RunResult } from './result.js';

/** A run's result, but for what does not depend on the task. */
export interface Measured
  extends Pick<
    RunResult,
    'queries' | 'gallery' | 'missing' | 'metrics' | 'ranks' | 'subsetRanks' | 'scores' | 'examples' | 'parameters' | 'training'
  > {
  /** SHA-256 of the model's weights. */
  model: string;
}

export interface RunTools {
  signal: AbortSignal | undefined;
  onProgress: OnProgress | undefined;
  logger: Logger;
}

export const onBrokenOf = ({ dataset }: Experiment) => (dataset.onMissing === 'error' ? 'error' : 'skip');

/** What the run folder remembers of its data. */
export function originOf({ category }: PlannedRun, { dataset, trainOn }: Experiment) {
  const { format, directory } = trainOn ?? dataset;
  return { name: format, directory, category };
}

/** The numbers that were trained: the buffers that hold the pictures' statistics are none. */
export function parametersOf(model: { parts: { weights: Readonly<Record<string, Tensor>> } }, images: ImageFeatures): number {
  const buffers = new Set(Object.keys(images.statistics([0])));
  const trained = Object.entries(model.parts.weights).filter(([name]) => !buffers.has(name));
  return trained.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
}
