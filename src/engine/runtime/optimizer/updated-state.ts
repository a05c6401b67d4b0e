/** The state that a {@link FlatOptimizer} keeps, as ONNX Runtime reads it and as a runtime thread is asked for it. */
import * as ort from '../onnxruntime.js';
import type { WireTensor } from '../protocol.js';
import { FlatOptimizer } from './flat-optimizer.js';
import { gradientOf, reportedByUpdate, stateParts, type UpdatePlan } from './plan.js';
import type { StateBeside } from './state-beside.js';

export class UpdatedState implements StateBeside {
  private readonly optimizer: FlatOptimizer;
  private readonly shapes: ReadonlyMap<string, readonly number[]>;
  private readonly inputs: ReadonlyMap<string, ort.Tensor>;
  readonly reported = reportedByUpdate;
  readonly gradients: readonly string[];

  constructor(plan: UpdatePlan) {
    this.optimizer = new FlatOptimizer(plan);
    this.shapes = new Map(plan.parameters.flatMap(({ name, shape }) => stateParts.map((part) => [part + name, shape])));
    this.gradients = plan.parameters.map(({ name }) => gradientOf(name));
    // Made once: the memory that they show is written by each step.
    this.inputs = new Map(
      plan.parameters.map(({ name, shape }) => [
        name,
        new ort.Tensor('float32', this.optimizer.view(name) as Float32Array, shape),
      ]),
    );
  }

  /** The graph's input of this name, where it is a parameter. */
  input(name: string): ort.Tensor | undefined {
    return this.inputs.get(name);
  }

  set(name: string, { data }: WireTensor): boolean {
    return this.optimizer.write(name, data as Float32Array);
  }

  get(name: string): WireTensor | undefined {
    const data = this.optimizer.read(name);
    if (!data) return undefined;
    // The clock is scalars.
    return { dtype: 'float32', shape: [...(this.shapes.get(name) ?? [])], data };
  }

  /** Takes a step along the gradients among a run's outputs, and reports on it. */
  update(outputs: Readonly<Record<string, ort.Tensor>>): Record<string, WireTensor> {
    const report = this.optimizer.update((name) => outputs[gradientOf(name)]?.data as Float32Array);
    return Object.fromEntries(
      reportedByUpdate.map((name) => [name, { dtype: 'float32', shape: [1], data: Float32Array.of(report[name]) }]),
    );
  }
}
