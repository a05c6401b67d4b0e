/** What a runtime thread is asked and what it answers. */
import type { DType, TypedArrays } from '../tensor/tensor.js';
import type { Device } from './device.js';
import type { ClockPlan, UpdatePlan } from './optimizer/plan.js';

export interface WireTensor {
  dtype: DType;
  shape: number[];
  data: TypedArrays[DType];
}

/** What a run may be given. */
export type WireFeed = WireTensor | { dtype: 'uint8'; shape: number[]; data: Uint8Array };

export interface LoadRequest {
  model: Uint8Array | string;
  device: Device;
  threads: number;
  profile?: string | undefined;
  /** Output name -> resident input name: after each run the output takes the input's place. */
  carry: Record<string, string>;
  /** Outputs of `carry` that are written over the tensors whose place they take. */
  inPlace: readonly string[];
  /** A step that follows each run. */
  update?: UpdatePlan | undefined;
  /** A clock that moves on after each run. */
  clock?: ClockPlan | undefined;
}

/** What the adapter of a GPU leaves open. */
export interface DeviceAbilities {
  /** Whether it computes with float16; false for the CPU, where it would not pay. */
  float16: boolean;
}

export type WorkerRequest = { id: number; session: number } & (
  | { kind: 'adapter' }
  | ({ kind: 'load' } & LoadRequest)
  | { kind: 'set'; tensors: Record<string, WireTensor> }
  | { kind: 'get'; names: string[] }
  | { kind: 'run'; feeds: Record<string, WireFeed>; fetch: string[]; giveBack: boolean }
  | { kind: 'close' }
);

/** What a run answers: its outputs, and the feeds where they are wanted back. */
export interface RunReply {
  tensors: Record<string, WireTensor>;
  feeds?: Record<string, WireFeed>;
}

export type WorkerReply = { id: number } & ({ ok: true; result: unknown } | { ok: false; message: string });
