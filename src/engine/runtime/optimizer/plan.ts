/** An optimizer step that the runtime takes itself, outside of the graph, which then gives gradients only. */

export interface OptimizerOptions {
  /** Peak learning rate. */
  learningRate: number;
  /** Steps of the whole training, for the schedule. */
  totalSteps: number;
  /** Steps over which the rate rises linearly from 0. @default 0 */
  warmupSteps?: number;
  /** The rate at the end as a part of the peak. @default 0 */
  finalFraction?: number;
  /** Decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101). @default 0.01 */
  weightDecay?: number;
  /** Decay of the first moment. @default 0.9 */
  beta1?: number;
  /** Decay of the second moment. @default 0.999 */
  beta2?: number;
  /** Added to the root of the second moment. @default 1e-8 */
  epsilon?: number;
  /** The global gradient norm is clipped to this; 0 does not clip. @default 1 */
  clipNorm?: number;
  /**
   * Decay of a running average of the parameters, which is what is validated and saved. It rises with the steps t,
   * min(decay, (1 + t) / (10 + t)), so that the first weights are soon forgotten. 0 keeps no average. @default 0
   */
  averageDecay?: number;
}

export interface PlannedParameter {
  /** Of the parameter, which is an input of the graph. Its moments are `first.NAME` and `second.NAME`. */
  name: string;
  shape: readonly number[];
  /** Whether weight decay applies. */
  decay: boolean;
  /** Factor on the learning rate. */
  learningRateScale: number;
}

/** The graph's output with the gradient by a parameter. */
export const gradientOf = (name: string) => `gradient.${name}`;

/** What Session's `update` says: after each run the parameters take a step along the run's gradients. */
export interface UpdatePlan {
  parameters: readonly PlannedParameter[];
  options: OptimizerOptions;
  /** Batches whose gradients are averaged for one step. */
  accumulate: number;
}

/** What Session's `clock` says: the graph is fed what the optimizer's next step needs to know of its clock, as the vector {@link scheduleName}. */
export interface ClockPlan {
  options: OptimizerOptions;
  /** Factors on the learning rate, each once. */
  scales: readonly number[];
}

export const scheduleName = 'schedule';
/** Two numbers for the step, and two for each factor on the learning rate. */
export const scheduleShape = ({ scales }: ClockPlan): [number] => [2 + 2 * scales.length];

/** What a run reports beside the graph's outputs. */
export const reportedByUpdate = ['gradientNorm', 'learningRate'] as const;

/** What a state has of each parameter, by the prefix of its name: itself, moments, its average and, with accumulation, the sum of gradients. */
export const stateParts = ['', 'first.', 'second.', 'average.', 'sum.'] as const;
export type StatePart = (typeof stateParts)[number];

/** Scalars of the state: steps done, and 1 - beta^step of both moments; with accumulation also the batches since the last step. */
export const clockNames = ['clock.step', 'clock.mass1', 'clock.mass2'] as const;
export const batchesName = 'clock.batches';
