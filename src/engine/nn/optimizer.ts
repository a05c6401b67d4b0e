/** Clipping, schedule and AdamW as part of the training graph. */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import type { OptimizerOptions } from '../runtime/optimizer/plan.js';
import type { ParameterSpec } from './context.js';
import { rowsOfVector } from './flat-layout.js';

export type { OptimizerOptions };

export const squaresOf = (gradients: readonly Value[]) => gradients.map((gradient) => f.mul(gradient, gradient));

/** The global L2 norm of gradients, from their squares. */
export function globalNorm(squares: readonly Value[]): Value {
  return f.sqrt(squares.map(sumOf).reduce((sum, x) => f.add(sum, x)));
}

/** The sum of all elements. A long vector is summed in rows side by side first: one sum is one group of a GPU's threads. */
function sumOf(values: Value): Value {
  const isVector = values.shape.length === 1 && (values.shape[0] as number) % rowsOfVector === 0;
  return f.reduceSum(isVector ? f.reduceSum(f.reshape(values, [rowsOfVector, -1]), [1]) : values);
}

/** Linear warm-up, then half a cosine: the learning rate of step t = 1, 2, ... */
export function scheduledRate(t: Value, options: OptimizerOptions): Value {
  const { learningRate, totalSteps, warmupSteps = 0, finalFraction = 0 } = options;
  const warm = warmupSteps > 0 ? f.minimum(f.mul(t, 1 / warmupSteps), 1) : undefined;
  const part = f.minimum(f.maximum(f.mul(f.sub(t, warmupSteps), 1 / Math.max(1, totalSteps - warmupSteps)), 0), 1);
  const cosine = f.add(f.mul(f.add(f.cos(f.mul(part, Math.PI)), 1), (1 - finalFraction) / 2), finalFraction);
  return f.mul(warm ? f.mul(warm, cosine) : cosine, learningRate);
}

/** The decay of the parameters' average at step t = 1, 2, ... */
function averageDecayAt(t: Value, decay: number): Value {
  return f.minimum(f.div(f.add(t, 1), f.add(t, 10)), decay);
}

/** What the optimizer keeps of a parameter: running moments of its gradient and, where one is wanted, the average of the parameter. */
export interface Moments {
  /** The running mean of the gradient. */
  first: Value;
  /** The running mean of the squared gradient. */
  second: Value;
  /** The running average of the parameter. @default none is kept */
  average?: Value | undefined;
}

export interface UpdatedParameter extends Moments {
  parameter: Value;
}

/**
 * Float32 scalars that move on with each step: steps done, and 1 - beta^step for both moments. Keeping the latter as a running
 * sum avoids the cancellation of computing 1 - beta^step in float32.
 */
export interface Clock {
  /** Steps done. */
  step: Value;
  /** 1 - beta1^step. */
  mass1: Value;
  /** 1 - beta2^step. */
  mass2: Value;
}

/** What {@link adamW} computes. */
export interface OptimizerStep {
  /** The parameters and moments after the step. */
  updated: UpdatedParameter[];
  /** The clock after the step. */
  clock: Clock;
  /** The global gradient norm before clipping. */
  norm: Value;
  /** The learning rate of the step. */
  rate: Value;
}

/**
 * One AdamW step (Kingma and Ba, arXiv 1412.6980; decay decoupled), and a step of the parameters' averages where there are any.
 *
 * @param moments running first and second moments, and averages, one set a parameter
 * @param clock where the optimizer stands before this step
 */
export function adamW(
  parameters: readonly ParameterSpec[],
  gradients: readonly Value[],
  moments: readonly Moments[],
  clock: Clock,
  options: OptimizerOptions,
): OptimizerStep {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, clipNorm = 1, averageDecay = 0 } = options;
  // Every operation passes over all parameters once, so what is the same for all of them is worked out among the scalars first.
  const squares = squaresOf(gradients);
  const norm = globalNorm(squares);
  const clip = clipNorm > 0 ? f.minimum(f.div(clipNorm, f.add(norm, 1e-6)), 1) : undefined;
  const part1 = clip ? f.mul(clip, 1 - beta1) : 1 - beta1;
  const part2 = clip ? f.mul(f.mul(clip, clip), 1 - beta2) : 1 - beta2;
  const t = f.add(clock.step, 1);
  const rate = scheduledRate(t, options);
  const mass1 = f.add(f.mul(clock.mass1, beta1), 1 - beta1);
  const mass2 = f.add(f.mul(clock.mass2, beta2), 1 - beta2);
  // first / mass1 / (sqrt(second / mass2) + epsilon) with both sides of the division times sqrt(mass2)
  const rootMass2 = f.sqrt(mass2);
  const correction = f.div(rootMass2, mass1);
  const least = f.mul(rootMass2, epsilon);
  const approach = averageDecay > 0 ? f.sub(1, averageDecayAt(t, averageDecay)) : undefined;
  const updated = parameters.map((spec, i): UpdatedParameter => {
    const { first: m, second: v, average: before } = moments[i] as Moments;
    const first = f.add(f.mul(m, beta1), f.mul(gradients[i] as Value, part1));
    const second = f.add(f.mul(v, beta2), f.mul(squares[i] as Value, part2));
    const scaledRate = spec.learningRateScale === 1 ? rate : f.mul(rate, spec.learningRateScale);
    const direction = f.div(first, f.add(f.sqrt(second), least));
    const step = f.mul(direction, f.mul(scaledRate, correction));
    const decayed = spec.decay && weightDecay > 0 ? f.mul(spec.value, f.sub(1, f.mul(scaledRate, weightDecay))) : spec.value;
    const parameter = f.sub(decayed, step);
    const average = approach && before && f.add(before, f.mul(f.sub(parameter, before), approach));
    return { parameter, first, second, average };
  });
  return { updated, clock: { step: t, mass1, mass2 }, norm, rate };
}
