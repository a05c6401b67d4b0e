/** The optimizer's clock and schedule, as engine/nn/optimizer.ts has them in the graph. */
import { batchesName, clockNames, type OptimizerOptions } from './plan.js';

const float = Math.fround;

/** Linear warm-up, then half a cosine: the learning rate of step t = 1, 2, ... */
export function rateAt(t: number, options: OptimizerOptions): number {
  const { learningRate, totalSteps, warmupSteps = 0, finalFraction = 0 } = options;
  const warm = warmupSteps > 0 ? Math.min(t / warmupSteps, 1) : 1;
  const part = Math.min(Math.max((t - warmupSteps) / Math.max(1, totalSteps - warmupSteps), 0), 1);
  const cosine = ((Math.cos(part * Math.PI) + 1) * (1 - finalFraction)) / 2 + finalFraction;
  return float(warm * cosine * learningRate);
}

/** What a clipped gradient keeps of itself. */
export function clipFactor(norm: number, { clipNorm = 1 }: OptimizerOptions): number {
  // A norm that is no number must show in every parameter, as in the graph.
  return clipNorm > 0 ? Math.min(clipNorm / (norm + 1e-6), 1) : 1;
}

/** How far the parameters' average goes towards them at step t. */
export const approachAt = (t: number, decay: number) => 1 - Math.min((t + 1) / (t + 10), decay);

/** What a step computes from, beside gradients and state. */
export interface StepScalars {
  learningRate: number;
  /** Added to the root of the second moment. */
  least: number;
  /** How far averages go towards their parameters. */
  approach: number;
  /** By a parameter's factor on the learning rate: what its direction counts, and what decay leaves of it. */
  of(scale: number): { rate: number; keep: number };
}

/** first / mass1 / (sqrt(second / mass2) + epsilon) with both sides of the division times sqrt(mass2). */
export function scalarsAt({ t, mass1, mass2 }: ReturnType<ClockScalars['advance']>, options: OptimizerOptions): StepScalars {
  const { epsilon = 1e-8, weightDecay = 0.01, averageDecay = 0 } = options;
  const rootMass2 = Math.sqrt(mass2);
  const learningRate = rateAt(t, options);
  return {
    learningRate,
    least: rootMass2 * epsilon,
    approach: averageDecay > 0 ? approachAt(t, averageDecay) : 0,
    of(scale) {
      const rate = learningRate * scale;
      return { rate: (rate * rootMass2) / mass1, keep: 1 - rate * weightDecay };
    },
  };
}

/** Float32 scalars that are part of a training's state. */
export class ClockScalars {
  private readonly values = new Map<string, number>();

  constructor(accumulate: number) {
    for (const name of [...clockNames, ...(accumulate > 1 ? [batchesName] : [])]) this.values.set(name, 0);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  get(name: string): number {
    return this.values.get(name) ?? 0;
  }

  set(name: string, value: number): void {
    this.values.set(name, float(value));
  }

  /** The masses are kept as running sums, which avoids the cancellation of computing 1 - beta^step. */
  advance({ beta1 = 0.9, beta2 = 0.999 }: OptimizerOptions): { t: number; mass1: number; mass2: number } {
    const [step, mass1, mass2] = clockNames;
    this.set(step, this.get(step) + 1);
    this.set(mass1, this.get(mass1) * beta1 + (1 - beta1));
    this.set(mass2, this.get(mass2) * beta2 + (1 - beta2));
    return { t: this.get(step), mass1: this.get(mass1), mass2: this.get(mass2) };
  }
}
