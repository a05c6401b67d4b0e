/** What a training carries from step to step, and the two ways to move it on: nodes of its graph, or a plan for the runtime. */
import type { Value } from '../graph/index.js';
import { batchesName, clockNames, type OptimizerOptions, type UpdatePlan } from '../runtime/optimizer/plan.js';
import { float32, type Shape, scalar, type Tensor, zeros } from '../tensor/tensor.js';
import { gradientSums, type StateEntry, stepWhen } from './accumulation.js';
import type { ParameterSpec } from './context.js';
import { adamW } from './optimizer.js';

export interface OptimizerInGraphOptions {
  optimizer: OptimizerOptions;
  accumulate: number;
  stateInput: (name: string, shape: Shape) => Value;
}

/** Adds the optimizer to a training graph: the state before and after its step, and what is reported of it. */
export function optimizerInGraph(
  specs: readonly ParameterSpec[],
  byParameter: readonly Value[],
  { optimizer, accumulate, stateInput }: OptimizerInGraphOptions,
): { state: StateEntry[]; report: { gradientNorm: Value; learningRate: Value } } {
  const averages = (optimizer.averageDecay ?? 0) > 0;
  const moments = specs.map(({ name, shape }) => ({
    first: stateInput(`first.${name}`, shape),
    second: stateInput(`second.${name}`, shape),
    average: averages ? stateInput(`average.${name}`, shape) : undefined,
  }));
  const [step, mass1, mass2] = clockNames.map((name) => stateInput(name, [])) as [Value, Value, Value];
  const clockBefore = { step, mass1, mass2 };
  const sums = accumulate > 1 ? gradientSums(specs, byParameter, accumulate, stateInput) : undefined;
  const { updated, clock, norm, rate } = sums
    ? stepWhen(sums.isWhole, {
        parameters: specs,
        gradients: sums.averages,
        moments,
        clock: clockBefore,
        options: optimizer,
      })
    : adamW(specs, byParameter, moments, clockBefore, optimizer);
  const state: StateEntry[] = [
    ...specs.map((spec, i) => ({ name: spec.name, shape: spec.shape, before: spec.value, after: updated[i]!.parameter })),
    ...specs.flatMap((spec, i) => [
      { name: `first.${spec.name}`, shape: spec.shape, before: moments[i]!.first, after: updated[i]!.first },
      { name: `second.${spec.name}`, shape: spec.shape, before: moments[i]!.second, after: updated[i]!.second },
    ]),
    ...(averages
      ? specs.map(({ name, shape }, i) => ({
          name: `average.${name}`,
          shape,
          before: moments[i]!.average as Value,
          after: updated[i]!.average as Value,
        }))
      : []),
    { name: clockNames[0], shape: [], before: step, after: clock.step },
    { name: clockNames[1], shape: [], before: mass1, after: clock.mass1 },
    { name: clockNames[2], shape: [], before: mass2, after: clock.mass2 },
    ...(sums?.state ?? []),
  ];
  return { state, report: { gradientNorm: norm, learningRate: rate } };
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
