/**
 * The exact nearest rows: float32 inner products of all rows by the kernel, then those that can be among the best again in double
 * precision. Runs in the store's thread for small galleries and in threads of its own for large ones.
 */

import { dot } from '../../../core/dot.js';
import type { SharedMemory } from '../../../core/webassembly/api.js';
import { type DotKernel, dotKernel } from './dot-kernel.js';
import { type Layout, tileRows } from './matrix.js';
import { Smallest } from './smallest.js';

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
    const best = new Smallest(limit);
    // Rounding cannot have moved a sum of products of unit vectors by more than this.
    const margin = (query.length / 8 + 16) * 2 ** -22;
    let bar = Number.NEGATIVE_INFINITY;
    const candidates: number[] = [];
    const scores: number[] = [];
    this.products(query, from, skip.length, (products, at) => {
      for (let i = 0; i < products.length; i++) {
        const score = products[i] as number;
        if (score < bar || skip[at + i] !== 0) continue;
        best.offer(score);
        if (best.full) bar = best.least - margin;
        candidates.push(from + at + i);
        scores.push(score);
      }
    });
    const possible = candidates.filter((_, i) => (scores[i] as number) >= bar);
    const exact = possible.map((row) => this.similarity(query, row));
    const bestExact = new Smallest(limit);
    for (const similarity of exact) bestExact.offer(similarity);
    const enough = bestExact.full ? bestExact.least : Number.NEGATIVE_INFINITY;
    const kept = Array.from(possible.keys()).filter((i) => (exact[i] as number) >= enough);
    return {
      rows: Uint32Array.from(kept, (i) => possible[i] as number),
      similarities: Float64Array.from(kept, (i) => exact[i] as number),
    };
  }

  /** Float32 inner products of `count` rows from `from`, told a tile at a time. @param told given them and how many there were before */
  private products(query: Float32Array, from: number, count: number, told: (products: Float32Array, at: number) => void): void {
    const { stride, blockRows, headFloats } = this.layout;
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
        told(out.subarray(0, size), done + tile);
      }
      done += rows;
    }
  }

  private similarity(query: Float32Array, row: number): number {
    const { stride, blockRows, headFloats, width } = this.layout;
    const { memory } = this.kernels[Math.floor(row / blockRows)] as { memory: SharedMemory };
    return dot(query, 0, new Float32Array(memory.buffer), headFloats + (row % blockRows) * stride, width);
  }
}
