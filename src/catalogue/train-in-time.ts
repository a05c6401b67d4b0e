/** A training with a deadline: it ends with what it has when its time is used up. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LimnError } from '../core/errors.js';
import type { Logger, OnProgress } from '../core/progress.js';
import type { Split } from '../learning/data/triplets.js';
import { train } from '../learning/train/train.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { modelOf, type Plan, trainingOf } from './plan.js';

export interface TimedTraining {
  train: Split;
  val: Split;
  reader: ImageEncoderRuntime;
  /** The folder of the triplets. */
  data: string;
  /** Its own folder. */
  run: string;
  plan: Plan;
  /** Seconds after which it is stopped with what it has. */
  limit: number;
  seed: number;
  signal: AbortSignal | undefined;
  logger: Logger;
  onProgress: OnProgress | undefined;
}

export interface TimedOutcome {
  /** R@K in percent on validation; left out where the training was stopped. */
  bestRecall?: Record<string, number>;
  epoch?: number;
  steps?: number;
  /** Whether it was stopped with what it had. */
  stopped?: boolean;
  /** Seconds of training. */
  seconds: number;
}

/** Trains to the end, or until the time is used up and there is a model. */
export async function trainInTime(options: TimedTraining): Promise<TimedOutcome> {
  const { train: split, val, reader, data, run, plan, limit, seed, signal, logger, onProgress } = options;
  const deadline = new AbortController();
  const started = performance.now();
  const isLate = () => (performance.now() - started) / 1000 > limit;
  const watch: OnProgress = (event) => {
    if (isLate() && existsSync(join(run, 'model', 'config.json'))) deadline.abort();
    onProgress?.(event);
  };
  try {
    const { bestRecall, epoch, steps, seconds } = await train({
      train: split,
      val,
      reader,
      out: run,
      dataset: { name: 'triplets', directory: resolve(data) },
      model: modelOf(plan.size, reader),
      training: trainingOf(plan, reader),
      seed,
      resume: true,
      onBroken: 'skip',
      signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
      onProgress: watch,
      logger,
    });
    return { bestRecall, epoch, steps, seconds };
  } catch (error) {
    if (!deadline.signal.aborted || signal?.aborted || !LimnError.isInstance(error) || error.code !== 'INTERRUPTED') throw error;
    logger.warn('The training took longer than planned and was stopped; its best model so far is used.');
    return { stopped: true, seconds: (performance.now() - started) / 1000 };
  }
}
