/** Finding the images whose matching vectors are nearest to one: a scan over codes of one byte a number, in one block of memory. */
import { quantize } from '../../search/export/vector-codes.js';

export class ScanMatrix {
  private readonly codes: Int8Array;
  /** What a step of each row's codes is worth; 0 for rows that are not there. */
  private readonly scales: Float32Array;

  constructor(
    readonly count: number,
    private readonly width: number,
  ) {
    this.codes = new Int8Array(count * width);
    this.scales = new Float32Array(count);
  }

  /** @param write puts the row's codes into what it is given, and returns their scale */
  set(row: number, write: (out: Int8Array) => number): void {
    this.scales[row] = write(this.codes.subarray(row * this.width, (row + 1) * this.width));
  }

  /**
   * The rows of about the greatest inner products, in no order: those of the codes, which are not far from those of the vectors.
   *
   * @param skip not 0 for rows that are left out
   */
  nearest(vector: Float32Array, skip: Uint8Array, limit: number): number[] {
    const { codes, scales, width, count } = this;
    const query = new Int8Array(width);
    quantize(vector, query);
    const scores = new Float32Array(count);
    for (let row = 0, at = 0; row < count; row++, at += width) {
      if (skip[row] !== 0) {
        scores[row] = Number.NEGATIVE_INFINITY;
        continue;
      }
      let sum = 0;
      for (let i = 0; i < width; i++) sum = (sum + (query[i] as number) * (codes[at + i] as number)) | 0;
      scores[row] = sum * (scales[row] as number);
    }
    const least = limit >= count ? Number.NEGATIVE_INFINITY : (scores.slice().sort()[count - limit] as number);
    const rows: number[] = [];
    for (let row = 0; row < count; row++) if (skip[row] === 0 && (scores[row] as number) >= least) rows.push(row);
    return rows;
  }
}
