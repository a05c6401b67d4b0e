/** Clipping, schedule and AdamW as part of the training graph. */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import type { OptimizerOptions } from '../runtime/optimizer/plan.js';
import type { ParameterSpec } from './context.js';
import { cut, rowsOfVector } from './flat-layout.js';

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

/** What a step takes from the clock. */
export interface StepScalars {
  /** Added to the root of the second moment. */
  least: Value;
  /** How far averages go towards their parameters. */
  approach: Value | undefined;
  /** What the direction counts of a parameter with this factor on the learning rate. */
  rate(scale: number): Value;
  /** What decay leaves of it. */
  keep(scale: number): Value;
}

/** Computed from the clock before the step, with the clock after it and the learning rate: first / mass1 / (sqrt(second / mass2) + epsilon) with both sides of the division times sqrt(mass2). */
export function scalarsOf(clock: Clock, options: OptimizerOptions): StepScalars & { clock: Clock; learningRate: Value } {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, averageDecay = 0 } = options;
  const t = f.add(clock.step, 1);
  const rate = scheduledRate(t, options);
  const mass1 = f.add(f.mul(clock.mass1, beta1), 1 - beta1);
  const mass2 = f.add(f.mul(clock.mass2, beta2), 1 - beta2);
  const rootMass2 = f.sqrt(mass2);
  const correction = f.div(rootMass2, mass1);
  const scaledRate = (scale: number) => (scale === 1 ? rate : f.mul(rate, scale));
  return {
    clock: { step: t, mass1, mass2 },
    learningRate: rate,
    least: f.mul(rootMass2, epsilon),
    approach: averageDecay > 0 ? f.sub(1, averageDecayAt(t, averageDecay)) : undefined,
    rate: (scale) => f.mul(scaledRate(scale), correction),
    keep: (scale) => f.sub(1, f.mul(scaledRate(scale), weightDecay)),
  };
}

/** Taken from the vector that a runtime feeds, see runtime/optimizer/host-clock.ts. @param scales the factors in their order there */
export function scalarsIn(schedule: Value, scales: readonly number[], { averageDecay = 0 }: OptimizerOptions): StepScalars {
  const [least, approach, ...others] = cut(schedule, Array(2 + 2 * scales.length).fill(1));
  return {
    least: least as Value,
    approach: averageDecay > 0 ? approach : undefined,
    rate: (scale) => others[2 * scales.indexOf(scale)] as Value,
    keep: (scale) => others[2 * scales.indexOf(scale) + 1] as Value,
  };
}

/** What {@link adamW} computes. */
export interface OptimizerStep {
  /** The parameters and moments after the step. */
  updated: UpdatedParameter[];
  /** The global gradient norm before clipping. */
  norm: Value;
}

/**
 * One AdamW step (Kingma and Ba, arXiv 1412.6980; decay decoupled), and a step of the parameters' averages where there are any.
 *
 * @param moments running first and second moments, and averages, one set a parameter
 * @param scalars what the step takes from the clock
 */
export function adamW(
  parameters: readonly ParameterSpec[],
  gradients: readonly Value[],
  moments: readonly Moments[],
  scalars: StepScalars,
  options: OptimizerOptions,
): OptimizerStep {
  const { beta1 = 0.9, beta2 = 0.999, weightDecay = 0.01, clipNorm = 1 } = options;
  // Every operation passes over all parameters once, so what is the same for all of them is worked out among the scalars first.
  const squares = squaresOf(gradients);
  const norm = globalNorm(squares);
  const clip = clipNorm > 0 ? f.minimum(f.div(clipNorm, f.add(norm, 1e-6)), 1) : undefined;
  const part1 = clip ? f.mul(clip, 1 - beta1) : 1 - beta1;
  const part2 = clip ? f.mul(f.mul(clip, clip), 1 - beta2) : 1 - beta2;
  const updated = parameters.map((spec, i): UpdatedParameter => {
    const { first: m, second: v, average: before } = moments[i] as Moments;
    const first = f.add(f.mul(m, beta1), f.mul(gradients[i] as Value, part1));
    const second = f.add(f.mul(v, beta2), f.mul(squares[i] as Value, part2));
    const direction = f.div(first, f.add(f.sqrt(second), scalars.least));
    const step = f.mul(direction, scalars.rate(spec.learningRateScale));
    const decayed = spec.decay && weightDecay > 0 ? f.mul(spec.value, scalars.keep(spec.learningRateScale)) : spec.value;
    const parameter = f.sub(decayed, step);
    const average = scalars.approach && before && f.add(before, f.mul(f.sub(parameter, before), scalars.approach));
    return { parameter, first, second, average };
  });
  return { updated, norm };
}
