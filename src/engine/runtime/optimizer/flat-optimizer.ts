/**
 * Clipping, schedule, AdamW, the average of the parameters and the sums of accumulation over flat memory (docs/decisions/0012): what
 * engine/nn/optimizer.ts adds to a graph in some fifteen passes over all parameters is one here.
 */
import { ClockScalars, clipFactor, rateAt, scalarsAt } from './clock.js';
import { batchesName, clockNames, type StatePart, type UpdatePlan } from './plan.js';
import { type StateBlock, stateBlocks } from './state-block.js';

export type Gradients = (parameter: string) => Float32Array;

export interface UpdateReport {
  /** Of the gradient before clipping; with accumulation of the average so far. */
  gradientNorm: number;
  learningRate: number;
}

export class FlatOptimizer {
  private readonly blocks: readonly StateBlock[];
  private readonly views: ReadonlyMap<string, Float32Array>;
  private readonly clock: ClockScalars;

  constructor(private readonly plan: UpdatePlan) {
    const { options, accumulate } = plan;
    const parts: StatePart[] = ['', 'first.', 'second.'];
    if ((options.averageDecay ?? 0) > 0) parts.push('average.');
    if (accumulate > 1) parts.push('sum.');
    this.blocks = stateBlocks(plan.parameters, parts);
    this.views = new Map(this.blocks.flatMap((block) => [...block.views()]));
    this.clock = new ClockScalars(accumulate);
  }

  /** The state's numbers of this name as they lie in memory, or undefined where they belong to no parameter. */
  view(name: string): Float32Array | undefined {
    return this.views.get(name);
  }

  /** A copy of the state's numbers of this name; undefined for what is not part of it. */
  read(name: string): Float32Array | undefined {
    return this.clock.has(name) ? Float32Array.of(this.clock.get(name)) : this.views.get(name)?.slice();
  }

  /** @returns whether it is part of the state @throws RangeError for too many numbers */
  write(name: string, values: Float32Array): boolean {
    if (this.clock.has(name)) this.clock.set(name, values[0] ?? 0);
    else if (this.views.has(name)) this.views.get(name)?.set(values);
    else return false;
    return true;
  }

  /** Takes a step, or with accumulation adds up gradients until there are enough for one. */
  update(gradients: Gradients): UpdateReport {
    const { options, accumulate } = this.plan;
    if (accumulate === 1) return this.step(this.normOf(gradients), gradients);
    for (const block of this.blocks) {
      const add = block.kernels.accumulate;
      block.forEachChunk(({ brought, at, bytes }) => add(at('sum.'), brought, bytes, 1 / accumulate), gradients);
    }
    const gradientNorm = this.normOf();
    const batches = this.clock.get(batchesName) + 1;
    if (batches < accumulate) {
      this.clock.set(batchesName, batches);
      return { gradientNorm, learningRate: rateAt(this.clock.get(clockNames[0]) + 1, options) };
    }
    const report = this.step(gradientNorm);
    for (const block of this.blocks) block.clear('sum.');
    this.clock.set(batchesName, 0);
    return report;
  }

  /** @param gradients the sums of accumulation, where they are not given */
  private normOf(gradients?: Gradients): number {
    let sum = 0;
    for (const block of this.blocks) {
      block.forEachChunk(({ brought, at, bytes }) => {
        sum += block.kernels.squares(gradients ? brought : at('sum.'), bytes);
      }, gradients);
    }
    return Math.sqrt(sum);
  }

  private step(gradientNorm: number, gradients?: Gradients): UpdateReport {
    const { options } = this.plan;
    const { beta1 = 0.9, beta2 = 0.999 } = options;
    const now = this.clock.advance(options);
    const clip = clipFactor(gradientNorm, options);
    const { learningRate, least, approach, of } = scalarsAt(now, options);
    const same = { beta1, part1: clip * (1 - beta1), beta2, part2: clip * clip * (1 - beta2), least };
    for (const block of this.blocks) {
      block.forEachChunk(({ parameter, brought, at, bytes }) => {
        const { rate, keep } = of(parameter.learningRateScale);
        const scalars = { ...same, rate, keep: parameter.decay ? keep : 1 };
        block.kernels.step(gradients ? brought : at('sum.'), at(''), at('first.'), at('second.'), bytes, scalars);
        if (approach > 0) block.kernels.follow(at('average.'), at(''), bytes, approach);
      }, gradients);
    }
    return { gradientNorm, learningRate };
  }
}
