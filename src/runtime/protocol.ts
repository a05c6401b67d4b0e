/** What a runtime thread is asked and what it answers. */
import type { DType, TypedArrays } from '../tensor/tensor.js';

export interface WireTensor {
  dtype: DType;
  shape: number[];
  data: TypedArrays[DType];
}

export type WorkerRequest = { id: number; session: number } & (
  | { kind: 'load'; model: Uint8Array | string; threads: number; spin: boolean; profile?: string | undefined }
  | { kind: 'set'; tensors: Record<string, WireTensor> }
  | { kind: 'get'; names: string[] }
  | { kind: 'run'; feeds: Record<string, WireTensor>; fetch: string[]; carry: Record<string, string> }
  | { kind: 'close' }
);

export type WorkerReply = { id: number } & ({ ok: true; result: unknown } | { ok: false; message: string });
