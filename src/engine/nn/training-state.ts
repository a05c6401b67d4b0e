/** What a training carries from step to step, and the two ways to move it on: nodes of its graph, or a plan for the runtime. */
import type { Value } from '../graph/index.js';
import {
  batchesName,
  type ClockPlan,
  clockNames,
  type OptimizerOptions,
  scheduleName,
  scheduleShape,
  type UpdatePlan,
} from '../runtime/optimizer/plan.js';
import { float32, type Shape, scalar, type Tensor, zeros } from '../tensor/tensor.js';
import { gradientSums, type StateEntry, stepWhen } from './accumulation.js';
import type { ParameterSpec } from './context.js';
import { adamW, type Clock, type Moments, scalarsIn, scalarsOf, type UpdatedParameter } from './optimizer.js';

export interface OptimizerInGraphOptions {
  optimizer: OptimizerOptions;
  accumulate: number;
  /** What keeps the clock outside of the graph. @default it is a part of the graph's state */
  clock?: ClockPlan | undefined;
  stateInput: (name: string, shape: Shape) => Value;
}

/** For a flat graph that steps in each run: its clock beside it. */
export function clockPlanOf(specs: readonly ParameterSpec[], options: OptimizerOptions): ClockPlan {
  return { options: { ...options }, scales: [...new Set(specs.map(({ learningRateScale }) => learningRateScale))] };
}

interface TracedOptimizer {
  state: StateEntry[];
  report: Record<string, Value>;
}

/** Adds the optimizer to a training graph: the state before and after its step, and what is reported of it. */
export function optimizerInGraph(
  specs: readonly ParameterSpec[],
  byParameter: readonly Value[],
  { optimizer, accumulate, clock: plan, stateInput }: OptimizerInGraphOptions,
): TracedOptimizer {
  const averages = (optimizer.averageDecay ?? 0) > 0;
  const moments = specs.map(({ name, shape }) => ({
    first: stateInput(`first.${name}`, shape),
    second: stateInput(`second.${name}`, shape),
    average: averages ? stateInput(`average.${name}`, shape) : undefined,
  }));
  const stateOf = (updated: readonly UpdatedParameter[]) => stateEntries(specs, moments, updated);
  if (plan) {
    const schedule = stateInput(scheduleName, scheduleShape(plan));
    const { updated, norm } = adamW(specs, byParameter, moments, scalarsIn(schedule, plan.scales, optimizer), optimizer);
    return { state: stateOf(updated), report: { gradientNorm: norm } };
  }
  const [step, mass1, mass2] = clockNames.map((name) => stateInput(name, [])) as [Value, Value, Value];
  const before = { step, mass1, mass2 };
  const sums = accumulate > 1 ? gradientSums(specs, byParameter, accumulate, stateInput) : undefined;
  const whole = () => {
    const scalars = scalarsOf(before, optimizer);
    return { ...adamW(specs, byParameter, moments, scalars, optimizer), clock: scalars.clock, rate: scalars.learningRate };
  };
  const { updated, clock, norm, rate } = sums
    ? stepWhen(sums.isWhole, { parameters: specs, gradients: sums.averages, moments, clock: before, options: optimizer })
    : whole();
  const state = [...stateOf(updated), ...clockEntries(before, clock), ...(sums?.state ?? [])];
  return { state, report: { gradientNorm: norm, learningRate: rate } };
}

function stateEntries(
  specs: readonly ParameterSpec[],
  moments: readonly Moments[],
  updated: readonly UpdatedParameter[],
): StateEntry[] {
  const entry = (prefix: string, i: number, before: Value | undefined, after: Value | undefined): StateEntry[] => {
    const { name, shape } = specs[i] as ParameterSpec;
    return before && after ? [{ name: prefix + name, shape, before, after }] : [];
  };
  return [
    ...specs.flatMap(({ value }, i) => entry('', i, value, updated[i]?.parameter)),
    ...moments.flatMap(({ first, second }, i) => [
      ...entry('first.', i, first, updated[i]?.first),
      ...entry('second.', i, second, updated[i]?.second),
    ]),
    ...moments.flatMap(({ average }, i) => entry('average.', i, average, updated[i]?.average)),
  ];
}

function clockEntries(before: Clock, after: Clock): StateEntry[] {
  const [step, mass1, mass2] = clockNames;
  return [
    { name: step, shape: [], before: before.step, after: after.step },
    { name: mass1, shape: [], before: before.mass1, after: after.mass1 },
    { name: mass2, shape: [], before: before.mass2, after: after.mass2 },
  ];
}

/** The state of a training that has not begun, the same whoever takes its steps. */
export function initialStateOf(specs: readonly ParameterSpec[], averages: boolean, accumulate: number): Record<string, Tensor> {
  return Object.fromEntries([
    ...specs.map((spec) => [spec.name, spec.initial] as const),
    ...specs.flatMap(({ name, shape }) => [
      [`first.${name}`, zeros('float32', shape)] as const,
      [`second.${name}`, zeros('float32', shape)] as const,
    ]),
    // A copy: what is written in place must not be shared.
    ...(averages ? specs.map(({ name, shape, initial }) => [`average.${name}`, float32(shape, initial.data)] as const) : []),
    ...clockNames.map((name) => [name, scalar(0)] as const),
    ...(accumulate > 1
      ? [...specs.map(({ name, shape }) => [`sum.${name}`, zeros('float32', shape)] as const), [batchesName, scalar(0)] as const]
      : []),
  ]);
}

/** The optimizer's steps as the runtime is to take them. */
export function planOf(specs: readonly ParameterSpec[], options: OptimizerOptions, accumulate: number): UpdatePlan {
  return {
    parameters: specs.map(({ name, shape, decay, learningRateScale }) => ({ name, shape: [...shape], decay, learningRateScale })),
    options: { ...options },
    accumulate,
  };
}
