/** A part of a training's state that a runtime thread keeps beside the graph, and moves on after each run. */
import type * as ort from '../onnxruntime.js';
import type { WireTensor } from '../protocol.js';

export interface StateBeside {
  /** The graph's outputs that {@link update} reads. */
  readonly gradients: readonly string[];
  /** What {@link update} reports. */
  readonly reported: readonly string[];
  /** An input of the graph, where it comes from here. */
  input(name: string): ort.Tensor | undefined;
  /** @returns whether it is part of this state */
  set(name: string, tensor: WireTensor): boolean;
  /** A copy, or undefined for what is not part of this state. */
  get(name: string): WireTensor | undefined;
  /** Moves on with a run's outputs. */
  update(outputs: Readonly<Record<string, ort.Tensor>>): Record<string, WireTensor>;
}
