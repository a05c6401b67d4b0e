/**
 * The clock of an optimizer in a graph, kept beside it: what depends on the step alone is a vector that each run is fed, where some two dozen
 * nodes would compute a number each.
 */
import * as ort from '../onnxruntime.js';
import type { WireTensor } from '../protocol.js';
import { ClockScalars, rateAt, scalarsAt } from './clock.js';
import { type ClockPlan, clockNames, scheduleName } from './plan.js';
import type { StateBeside } from './state-beside.js';

export class HostClock implements StateBeside {
  readonly gradients = [];
  readonly reported = ['learningRate'] as const;
  private readonly scalars = new ClockScalars(1);

  constructor(private readonly plan: ClockPlan) {}

  /** The vector of the step that follows. */
  input(name: string): ort.Tensor | undefined {
    if (name !== scheduleName) return undefined;
    const values = scheduleOf(this.ahead(), this.plan);
    return new ort.Tensor('float32', values, [values.length]);
  }

  set(name: string, { data }: WireTensor): boolean {
    if (!this.scalars.has(name)) return false;
    this.scalars.set(name, Number(data[0]));
    return true;
  }

  get(name: string): WireTensor | undefined {
    return this.scalars.has(name) ? scalarOf(this.scalars.get(name), []) : undefined;
  }

  /** A run has succeeded. */
  update(): Record<string, WireTensor> {
    const { t } = this.scalars.advance(this.plan.options);
    return { learningRate: scalarOf(rateAt(t, this.plan.options), [1]) };
  }

  private ahead(): ReturnType<ClockScalars['advance']> {
    const copy = new ClockScalars(1);
    for (const name of clockNames) copy.set(name, this.scalars.get(name));
    return copy.advance(this.plan.options);
  }
}

const scalarOf = (value: number, shape: number[]): WireTensor => ({ dtype: 'float32', shape, data: Float32Array.of(value) });

/** `least` and `approach`, then `rate` and `keep` for each factor on the learning rate. */
function scheduleOf(now: ReturnType<ClockScalars['advance']>, { options, scales }: ClockPlan): Float32Array {
  const { least, approach, of } = scalarsAt(now, options);
  const ofScales = scales.map(of).flatMap(({ rate, keep }) => [rate, keep]);
  return Float32Array.from([least, approach, ...ofScales]);
}
