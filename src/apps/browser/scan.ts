/** Finding the images whose matching vectors are nearest to one: a scan over codes of one byte a number, in one block of memory. */
import { newMemory, pagesFor, type WasmMemory } from '../../core/webassembly/api.js';
import { type CodeKernel, codeKernel, strideCodes } from '../../core/webassembly/code-kernel.js';

/** The greatest number of a query's codes: with 127 as a code's and 1,024 numbers a row, sums fit into 32 bits whatever the vectors. */
const finest = 2 ** 14 - 1;

export class ScanMatrix {
  private readonly codes: Int8Array;
  /** What a step of each row's codes is worth. */
  private readonly scales: Float32Array;
  private readonly stride: number;
  private readonly query: Int16Array;
  private readonly sums: Int32Array;
  private readonly products: () => void;

  /** @param simd whether WebAssembly computes. @default where it can */
  constructor(
    readonly count: number,
    private readonly width: number,
    simd = true,
  ) {
    const stride = Math.ceil(width / strideCodes) * strideCodes;
    this.stride = stride;
    this.scales = new Float32Array(count);
    const [sumsAt, codesAt] = [2 * stride, 2 * stride + 4 * count];
    const kernel = simd ? kernelOf(codesAt + count * stride) : undefined;
    const buffer = kernel?.memory.buffer ?? new ArrayBuffer(codesAt + count * stride);
    this.query = new Int16Array(buffer, 0, stride);
    this.sums = new Int32Array(buffer, sumsAt, count);
    this.codes = new Int8Array(buffer, codesAt, count * stride);
    this.products = kernel ? () => kernel.dot(0, codesAt, codesAt + count * stride, stride, sumsAt) : () => this.plainProducts();
  }

  /** @param write puts the row's codes into what it is given, and returns their scale */
  set(row: number, write: (out: Int8Array) => number): void {
    this.scales[row] = write(this.codes.subarray(row * this.stride, row * this.stride + this.width));
  }

  /**
   * The rows of about the greatest inner products: those of the codes, which are not far from those of the vectors.
   *
   * @param skip not 0 for rows that are left out
   */
  nearest(vector: Float32Array, skip: Uint8Array, limit: number): number[] {
    const { scales, sums, count } = this;
    const most = vector.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 1e-30);
    for (const [i, value] of vector.entries()) this.query[i] = Math.round((value / most) * finest);
    this.products();
    const scores = new Float32Array(count);
    const best: number[] = [];
    // Sorting all scores would take as long as the scan: the best are cut back to as many as are wanted now and then.
    const cut = () => {
      best.sort((a, b) => (scores[b] as number) - (scores[a] as number));
      best.length = Math.min(best.length, limit);
    };
    let least = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < count; row++) {
      const score = (sums[row] as number) * (scales[row] as number);
      if (score <= least || skip[row] !== 0) continue;
      scores[row] = score;
      best.push(row);
      if (best.length < 4 * limit) continue;
      cut();
      least = scores[best.at(-1) as number] as number;
    }
    cut();
    return best;
  }

  private plainProducts(): void {
    const { codes, query, sums, stride, count } = this;
    for (let row = 0, at = 0; row < count; row++, at += stride) {
      let sum = 0;
      for (let i = 0; i < stride; i++) sum = (sum + (query[i] as number) * (codes[at + i] as number)) | 0;
      sums[row] = sum;
    }
  }
}

/** None in a browser without SIMD, which scans all the same but more slowly. */
function kernelOf(bytes: number): { memory: WasmMemory; dot: CodeKernel } | undefined {
  try {
    const memory = newMemory(pagesFor(bytes));
    return { memory, dot: codeKernel(memory) };
  } catch {
    return undefined;
  }
}
