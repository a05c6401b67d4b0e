/** What results of benches say, as far as lines of the table need it; files of earlier releases are read, too. */
import type { CaptionerSizes, StepOptions } from './configs.js';
import type { FeatureForm } from './drawn-features.js';
import type { Growth, Work } from './line.js';
import type { Machine } from './machine.js';
import type { Measured } from './sides.js';

export interface StepResult {
  /** `picture` is what `image` was called before. */
  options: StepOptions & { picture?: FeatureForm };
  operations?: number;
  limn: Measured;
  pytorch: Measured | null;
}

/** Sides are the CPU, the GPU and, where Python has it, PyTorch on CUDA. */
export interface DeviceResult {
  /** Undefined where the system does not tell. */
  adapter?: string;
  machine: Pick<Machine, 'cpu' | 'cores'>;
  options: StepOptions;
  results: (Measured & { side: string })[];
}

export interface DecodingResult {
  options: CaptionerSizes & { picture?: FeatureForm };
  pytorch: { version: string };
  results: DecodedCase[];
}

/** One way to decode, by one side. */
export interface DecodedCase extends Pick<Measured, 'milliseconds' | 'peakMiB'> {
  side: string;
  decoding: string;
  batch: number;
  cached: boolean;
}

export interface EncoderResult {
  options: { batch: number };
  results: { encoder: string; operations: number; limn: Measured; ort: Measured }[];
}

export interface QueriesResult {
  options: { count: number };
  /** By store and by kind of query. */
  results: Record<string, Record<string, QueryTimes>>;
  peakMiB?: Record<string, number>;
}

/** Milliseconds of a kind of query, and the medians of its parts. */
export interface QueryTimes {
  p50: number;
  p99: number;
  parts: Record<string, number>;
  work: Work;
}

export interface SearchResult {
  options: { count: number; width: number };
  limn: Measured;
  faiss?: Measured | null;
}

export interface ExactResult extends SearchResult {
  reading: Measured;
}

export interface IndexedResult extends SearchResult {
  recall: { limn: number; faiss: number | null };
}

export interface GrowthResult {
  results: Growth[];
}
