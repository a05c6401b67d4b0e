/**
 * The exact nearest rows: bounds of all rows' inner products by a kernel, from their codes where they have some and else in float32, then
 * those that can be among the best in double precision. Runs in the store's thread for small galleries and in threads of its own for
 * large ones.
 */

import { dot } from '../../../core/dot.js';
import type { SharedMemory } from '../../../core/webassembly/api.js';
import { type CodeKernel, codeKernel } from '../../../core/webassembly/code-kernel.js';
import { Candidates } from './candidates.js';
import { headFloats as codeHeadFloats, codeQuery, marginOf, writeCodes } from './codes.js';
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
  /** Rows that have codes: these, from row 0 on. @default none */
  coded?: number;
}

/** The best rows and their inner products in double precision, in no order; more than the limit where the last ones are equal. */
export interface ScanResult {
  rows: Uint32Array;
  similarities: Float64Array;
}

/** Where codes leave more than this part of the rows undecided, comparing all rows in float32 is faster. */
const worthwhile = 1 / 8;

/** A kernel over a block. */
interface Block {
  dot: DotKernel | CodeKernel;
  memory: SharedMemory;
}

/** Where a kernel finds the query, puts products, and finds rows: all in bytes. */
interface Places {
  queryAt: number;
  outAt: number;
  rowsAt: number;
  stride: number;
}

/** A tile of rows whose products a kernel has just written. */
interface Tile {
  memory: SharedMemory;
  rows: number;
  /** The rows before it in the request, and in its block. */
  at: number;
  inBlock: number;
}

export class Scanner {
  private readonly blocks: Block[] = [];
  private readonly codeBlocks: Block[] = [];

  /** @param slot which of the blocks' places for a query this thread uses */
  constructor(
    private readonly layout: Layout,
    private readonly slot: number,
  ) {}

  /** Makes the next block of rows known. */
  addBlock(memory: SharedMemory): void {
    this.blocks.push({ dot: dotKernel(memory, this.layout.maximumPages), memory });
  }

  /** Makes the next block of codes known. */
  addCodes(memory: SharedMemory): void {
    this.codeBlocks.push({ dot: codeKernel(memory, this.layout.codes.maximumPages), memory });
  }

  /** Gives rows their codes, for which there is room. */
  code(from: number, to: number): void {
    const { blockRows, width, stride, headFloats, codes } = this.layout;
    for (let row = from; row < to; row++) {
      const [block, place] = [Math.floor(row / blockRows), row % blockRows];
      const { buffer } = (this.codeBlocks[block] as Block).memory;
      const head = new Float32Array(buffer, codes.headsAt + 4 * codeHeadFloats * place, codeHeadFloats);
      const numbers = new Int8Array(buffer, codes.codesAt + place * codes.stride, width);
      const { memory } = this.blocks[block] as Block;
      writeCodes(new Float32Array(memory.buffer, 4 * (headFloats + place * stride), width), numbers, head);
    }
  }

  scan(request: ScanRequest): ScanResult {
    const { query, limit } = request;
    const possible = this.possible(request);
    const exact = this.similarities(query, possible);
    const bestExact = new Smallest(limit);
    for (const similarity of exact) bestExact.offer(similarity);
    const enough = bestExact.full ? bestExact.least : Number.NEGATIVE_INFINITY;
    const kept = Array.from(possible.keys()).filter((i) => (exact[i] as number) >= enough);
    return {
      rows: Uint32Array.from(kept, (i) => possible[i] as number),
      similarities: Float64Array.from(kept, (i) => exact[i] as number),
    };
  }

  /** Rows that can be among the best. */
  private possible({ query, from, skip, limit, coded = 0 }: ScanRequest): number[] {
    const codedRows = Math.min(Math.max(coded - from, 0), skip.length);
    const most = codedRows * worthwhile;
    if (limit <= most) {
      const found = new Candidates(limit);
      this.scanCodes(query, from, skip.subarray(0, codedRows), found);
      if (found.possible().length <= most) {
        this.scanRows(query, from + codedRows, skip.subarray(codedRows), found);
        return found.possible();
      }
    }
    const found = new Candidates(limit);
    this.scanRows(query, from, skip, found);
    return found.possible();
  }

  /** Bounds from the rows themselves. */
  private scanRows(query: Float32Array, from: number, skip: Uint8Array, found: Candidates): void {
    // Rounding cannot have moved a sum of products of unit vectors by more than this.
    const margin = (query.length / 8 + 16) * 2 ** -23;
    const { stride, headFloats } = this.layout;
    const queryAt = 4 * this.slot * (stride + tileRows);
    const places = { queryAt, outAt: queryAt + 4 * stride, rowsAt: 4 * headFloats, stride: 4 * stride };
    const write = ({ buffer }: SharedMemory) => new Float32Array(buffer, queryAt, query.length).set(query);
    this.eachTile(this.blocks, places, write, { from, count: skip.length }, ({ memory, rows, at }) => {
      const products = new Float32Array(memory.buffer, places.outAt, rows);
      for (let i = 0; i < rows; i++) {
        const product = products[i] as number;
        if (product + margin >= found.bar && skip[at + i] === 0) found.add(from + at + i, product - margin, product + margin);
      }
    });
  }

  /** Bounds from the rows' codes. */
  private scanCodes(query: Float32Array, from: number, skip: Uint8Array, found: Candidates): void {
    const coded = codeQuery(query);
    const { stride, queryBytes, headsAt, codesAt } = this.layout.codes;
    const queryAt = this.slot * (queryBytes + 4 * tileRows);
    const places = { queryAt, outAt: queryAt + queryBytes, rowsAt: codesAt, stride };
    const write = ({ buffer }: SharedMemory) => new Int16Array(buffer, queryAt, query.length).set(coded.numbers);
    this.eachTile(this.codeBlocks, places, write, { from, count: skip.length }, ({ memory, rows, at, inBlock }) => {
      const products = new Int32Array(memory.buffer, places.outAt, rows);
      const heads = new Float32Array(memory.buffer, headsAt + 4 * codeHeadFloats * inBlock, codeHeadFloats * rows);
      for (let i = 0, head = 0; i < rows; i++, head += codeHeadFloats) {
        const product = (products[i] as number) * (heads[head] as number) * coded.scale;
        const margin = marginOf(coded, heads[head + 1] as number, heads[head + 2] as number);
        if (product + margin >= found.bar && skip[at + i] === 0) found.add(from + at + i, product - margin, product + margin);
      }
    });
  }

  /** Lets a kernel compute the products of rows, a tile at a time. @param write puts the query into a block */
  private eachTile(
    blocks: readonly Block[],
    { queryAt, outAt, rowsAt, stride }: Places,
    write: (memory: SharedMemory) => void,
    { from, count }: { from: number; count: number },
    told: (tile: Tile) => void,
  ): void {
    const { blockRows } = this.layout;
    for (let done = 0; done < count; ) {
      const first = (from + done) % blockRows;
      const { dot: kernel, memory } = blocks[Math.floor((from + done) / blockRows)] as Block;
      const rows = Math.min(count - done, blockRows - first);
      write(memory);
      for (let tile = 0; tile < rows; tile += tileRows) {
        const size = Math.min(tileRows, rows - tile);
        const at = rowsAt + (first + tile) * stride;
        kernel(queryAt, at, at + size * stride, stride, outAt);
        told({ memory, rows: size, at: done + tile, inBlock: first + tile });
      }
      done += rows;
    }
  }

  /** Inner products in double precision. */
  private similarities(query: Float32Array, rows: readonly number[]): number[] {
    const { stride, blockRows, headFloats, width } = this.layout;
    const views = this.blocks.map(({ memory }) => new Float32Array(memory.buffer));
    return rows.map((row) => {
      const view = views[Math.floor(row / blockRows)] as Float32Array;
      return dot(query, 0, view, headFloats + (row % blockRows) * stride, width);
    });
  }
}
