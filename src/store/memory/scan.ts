/**
 * The exact nearest rows: float32 inner products of all rows by the kernel, then those that can be among the best again in double
 * precision. Runs in the store's thread for small galleries and in threads of its own for large ones.
 */
import { dot } from '../../eval/vectors.js';
import { type DotKernel, dotKernel } from './dot-kernel.js';
import { type Layout, tileRows } from './matrix.js';
import { Smallest } from './smallest.js';
import type { SharedMemory } from './web-assembly.js';

export interface ScanRequest {
  /** (width), of length 1. */
  query: Float32Array;
  /** The rows to look at: `from`, and one byte a row behind it, not 0 for rows that are left out. */
  from: number;
  skip: Uint8Array;
  /** How many rows are wanted. */
  limit: number;
}

/** The best rows and their inner products in double precision, in no order; more than the limit where the last ones are equal. */
export interface ScanResult {
  rows: Uint32Array;
  similarities: Float64Array;
}

export class Scanner {
  private readonly kernels: { dot: DotKernel; memory: SharedMemory }[] = [];
  /** Room for scores, kept from search to search. */
  private space = new Float32Array(0);

  /** @param slot which of the blocks' places for a query this thread uses */
  constructor(
    private readonly layout: Layout,
    private readonly slot: number,
  ) {}

  /** Makes the next block known. */
  addBlock(memory: SharedMemory): void {
    this.kernels.push({ dot: dotKernel(memory, this.layout.maximumPages), memory });
  }

  scan({ query, from, skip, limit }: ScanRequest): ScanResult {
    const scores = this.scores(query, from, skip.length);
    const best = new Smallest(limit);
    for (let i = 0; i < scores.length; i++) if (skip[i] === 0) best.offer(scores[i] as number);
    // Rounding cannot have moved a sum of products of unit vectors by more than this.
    const margin = (query.length / 8 + 16) * 2 ** -22;
    const least = best.full ? best.least - margin : Number.NEGATIVE_INFINITY;
    const rows: number[] = [];
    const exact: number[] = [];
    const bestExact = new Smallest(limit);
    for (let i = 0; i < scores.length; i++) {
      if (skip[i] !== 0 || (scores[i] as number) < least) continue;
      const similarity = this.similarity(query, from + i);
      bestExact.offer(similarity);
      rows.push(from + i);
      exact.push(similarity);
    }
    const enough = bestExact.full ? bestExact.least : Number.NEGATIVE_INFINITY;
    const kept = Array.from(rows.keys()).filter((i) => (exact[i] as number) >= enough);
    return {
      rows: Uint32Array.from(kept, (i) => rows[i] as number),
      similarities: Float64Array.from(kept, (i) => exact[i] as number),
    };
  }

  private scores(query: Float32Array, from: number, count: number): Float32Array {
    const { stride, blockRows, headFloats } = this.layout;
    if (this.space.length < count) this.space = new Float32Array(count);
    const scores = this.space.subarray(0, count);
    const queryAt = this.slot * (stride + tileRows);
    const outAt = queryAt + stride;
    for (let done = 0; done < count; ) {
      const block = Math.floor((from + done) / blockRows);
      const inBlock = (from + done) % blockRows;
      const { dot: kernel, memory } = this.kernels[block] as { dot: DotKernel; memory: SharedMemory };
      const rows = Math.min(count - done, blockRows - inBlock);
      new Float32Array(memory.buffer, 4 * queryAt, query.length).set(query);
      const out = new Float32Array(memory.buffer, 4 * outAt, tileRows);
      for (let tile = 0; tile < rows; tile += tileRows) {
        const size = Math.min(tileRows, rows - tile);
        const at = 4 * (headFloats + (inBlock + tile) * stride);
        kernel(4 * queryAt, at, at + 4 * size * stride, 4 * stride, 4 * outAt);
        scores.set(out.subarray(0, size), done + tile);
      }
      done += rows;
    }
    return scores;
  }

  private similarity(query: Float32Array, row: number): number {
    const { stride, blockRows, headFloats, width } = this.layout;
    const { memory } = this.kernels[Math.floor(row / blockRows)] as { memory: SharedMemory };
    return dot(query, 0, new Float32Array(memory.buffer), headFloats + (row % blockRows) * stride, width);
  }
}
