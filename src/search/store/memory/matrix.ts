/**
 * A matrix of float32 that grows by rows without being copied, and that all threads see: blocks of shared WebAssembly memory. A row
 * never changes once it is there, so searches need no lock. Rows may have codes (codes.ts), from the first row on, in blocks of their own.
 */
import { newSharedMemory, pageBytes, pagesFor, type SharedMemory } from '../../../core/webassembly/api.js';
import { type CodeLayout, codeLayoutOf } from './codes.js';
import { strideFloats } from './dot-kernel.js';

/** Rows whose scores a thread computes in one call. */
export const tileRows = 512;
/** Threads that can search one matrix; slot 0 is the thread that owns it. */
export const slots = 17;

const blockBytes = 256 * 1024 * 1024;
const growBytes = 16 * 1024 * 1024;

/** How rows of a width lie in blocks. Before the rows, each slot has room for a query and for the scores of a tile. */
export interface Layout {
  width: number;
  /** Floats from one row to the next. */
  stride: number;
  blockRows: number;
  /** Floats before the first row. */
  headFloats: number;
  maximumPages: number;
  /** Of the rows' codes, in as many blocks with as many rows. */
  codes: CodeLayout & { maximumPages: number };
}

/** @param bytes how large a block may become. @default 256 MiB */
export function layoutOf(width: number, bytes = blockBytes): Layout {
  const stride = Math.ceil(width / strideFloats) * strideFloats;
  const blockRows = Math.max(1, Math.floor(bytes / 4 / stride));
  const headFloats = slots * (stride + tileRows);
  const codes = codeLayoutOf(width, blockRows, slots, tileRows);
  return {
    ...{ width, stride, blockRows, headFloats, maximumPages: pagesFor(4 * (headFloats + blockRows * stride)) },
    codes: { ...codes, maximumPages: pagesFor(codes.codesAt + blockRows * codes.stride) },
  };
}

export class Matrix {
  readonly blocks: SharedMemory[] = [];
  readonly codeBlocks: SharedMemory[] = [];
  readonly layout: Layout;
  count = 0;
  /** Rows that have codes: these, from the first on. */
  coded = 0;
  private readonly views: Float32Array[] = [];

  constructor(width: number, bytes?: number) {
    this.layout = layoutOf(width, bytes);
  }

  /** Adds rows. @param data (rows, width), row-major */
  append(data: Float32Array): void {
    const { width, stride, blockRows, headFloats } = this.layout;
    for (let from = 0; from < data.length; from += width) {
      const block = Math.floor(this.count / blockRows);
      const at = headFloats + (this.count % blockRows) * stride;
      this.room(block, at + stride).set(data.subarray(from, from + width), at);
      this.count++;
    }
  }

  /** A view of a row (width). */
  row(row: number): Float32Array {
    const { width, stride, blockRows, headFloats } = this.layout;
    const at = headFloats + (row % blockRows) * stride;
    return (this.views[Math.floor(row / blockRows)] as Float32Array).subarray(at, at + width);
  }

  /** Makes room for the codes of rows. @throws RangeError where there is no memory for them */
  roomForCodes(from: number, to: number): void {
    const { blockRows, codes } = this.layout;
    for (let row = from; row < to; row = (Math.floor(row / blockRows) + 1) * blockRows) {
      const block = Math.floor(row / blockRows);
      const end = Math.min(to - block * blockRows, blockRows);
      roomIn(this.codeBlocks, block, codes.codesAt + end * codes.stride, codes.maximumPages);
    }
  }

  /** The block as floats, with at least so many of them. */
  private room(block: number, floats: number): Float32Array {
    const view = this.views[block];
    if (view && view.length >= floats) return view;
    const memory = roomIn(this.blocks, block, 4 * floats, this.layout.maximumPages);
    const grown = new Float32Array(memory.buffer);
    this.views[block] = grown;
    return grown;
  }
}

/** A block that has at least so many bytes. */
function roomIn(blocks: SharedMemory[], block: number, bytes: number, maximumPages: number): SharedMemory {
  const needed = pagesFor(bytes);
  const memory = blocks[block];
  if (!memory) {
    const made = newSharedMemory(needed, maximumPages);
    blocks[block] = made;
    return made;
  }
  const had = memory.buffer.byteLength / pageBytes;
  if (had < needed) memory.grow(Math.min(maximumPages, Math.max(needed, had + Math.min(had, growBytes / pageBytes))) - had);
  return memory;
}
