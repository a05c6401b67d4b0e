/** Gradients of several small batches averaged for one optimizer step. */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import type { Shape } from '../tensor/tensor.js';
import type { ParameterSpec } from './context.js';
import {
  adamW,
  type Clock,
  globalNorm,
  type Moments,
  type OptimizerOptions,
  type OptimizerStep,
  scalarsOf,
  scheduledRate,
  squaresOf,
} from './optimizer.js';

/** A value that a training carries from run to run. */
export interface StateEntry {
  name: string;
  shape: Shape;
  before: Value;
  after: Value;
}

/**
 * Adds a batch's gradients to what the ones before it left in the state.
 *
 * @param count batches that make one step
 * @returns the averages with this batch, and a bool scalar that says whether they are whole and are to start anew
 */
export function gradientSums(
  parameters: readonly ParameterSpec[],
  gradients: readonly Value[],
  count: number,
  stateInput: (name: string, shape: Shape) => Value,
): { averages: Value[]; isWhole: Value; state: StateEntry[] } {
  const before = stateInput('clock.batches', []);
  const batches = f.add(before, 1);
  const isWhole = f.greater(batches, count - 0.5);
  const sums = parameters.map(({ name, shape }) => stateInput(`sum.${name}`, shape));
  const averages = sums.map((sum, i) => f.add(sum, f.mul(gradients[i] as Value, 1 / count)));
  const state = parameters.map(({ name, shape }, i) => ({
    name: `sum.${name}`,
    shape,
    before: sums[i] as Value,
    after: f.where(isWhole, 0, averages[i] as Value),
  }));
  return {
    averages,
    isWhole,
    state: [...state, { name: 'clock.batches', shape: [], before, after: f.where(isWhole, 0, batches) }],
  };
}

const averagesOf = (moments: readonly Moments[]) => moments.flatMap(({ average }) => average ?? []);

/** What {@link adamW} takes. */
export interface OptimizerInput {
  parameters: readonly ParameterSpec[];
  gradients: readonly Value[];
  moments: readonly Moments[];
  clock: Clock;
  options: OptimizerOptions;
}

/** {@link adamW} where the condition holds; elsewhere parameters, moments, averages and clock stay as they are. */
export function stepWhen(
  condition: Value,
  { parameters, gradients, moments, clock, options }: OptimizerInput,
): OptimizerStep & { clock: Clock; rate: Value } {
  const count = parameters.length;
  const before = [
    ...parameters.map(({ value }) => value),
    ...moments.map(({ first }) => first),
    ...moments.map(({ second }) => second),
    ...averagesOf(moments),
    clock.step,
    clock.mass1,
    clock.mass2,
  ];
  /** Groups of one value a parameter: itself, two moments, and its average where there is one. */
  const parts = moments.every(({ average }) => average) ? 4 : 3;
  const part = (values: readonly Value[], index: number) => values.slice(index * count, (index + 1) * count);
  const unpack = (values: readonly Value[]) => {
    const [step, mass1, mass2] = values.slice(parts * count) as [Value, Value, Value];
    const [first, second, average] = [part(values, 1), part(values, 2), parts > 3 ? part(values, 3) : []];
    return {
      values: part(values, 0),
      moments: first.map((m, i): Moments => ({ first: m, second: second[i] as Value, average: average[i] })),
      clock: { step, mass1, mass2 },
    };
  };
  const inputs = [...gradients, ...before];
  const step = (inside: readonly Value[]) => {
    const now = unpack(inside.slice(count));
    const specs = parameters.map((spec, i) => ({ ...spec, value: now.values[i] as Value }));
    const scalars = scalarsOf(now.clock, options);
    const { updated, norm } = adamW(specs, inside.slice(0, count), now.moments, scalars, options);
    const values = [
      ...updated.map((each) => each.parameter),
      ...updated.map(({ first }) => first),
      ...updated.map(({ second }) => second),
      ...averagesOf(updated),
    ];
    const { clock: next, learningRate } = scalars;
    return [...values, next.step, next.mass1, next.mass2, norm, learningRate];
  };
  const wait = (inside: readonly Value[]) => {
    const now = inside.slice(count);
    return [...now, globalNorm(squaresOf(inside.slice(0, count))), scheduledRate(f.add(unpack(now).clock.step, 1), options)];
  };
  const results = f.ifElse(condition, inputs, step, wait);
  const { values, moments: updated, clock: next } = unpack(results.slice(0, -2));
  const [norm, rate] = results.slice(-2) as [Value, Value];
  return { updated: values.map((parameter, i) => ({ parameter, ...(updated[i] as Moments) })), clock: next, norm, rate };
}
