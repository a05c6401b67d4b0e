/**
 * Rows as one byte a number, to find those that can be among the nearest by reading a quarter: each row is `scale` times whole numbers from
 * -127 to 127, and what these leave out has the length `error`. The inner product with a query that is coded in the same way is then known
 * to within a bound (Cauchy and Schwarz), and rows whose bound does not reach the best are never read in full.
 */
import { strideCodes } from '../../../core/webassembly/code-kernel.js';

const finest = 127;
/** Numbers that are kept of a row beside its codes: its scale, its error, and the length of what the codes say. */
export const headFloats = 3;

/** How codes lie in a block: each slot has room for a query and the products of a tile, then come the rows' heads, then their codes. */
export interface CodeLayout {
  /** Bytes from one row's codes to the next. */
  stride: number;
  /** Bytes of a slot's query. */
  queryBytes: number;
  /** Where the heads begin, in bytes. */
  headsAt: number;
  /** Where the codes begin, in bytes. */
  codesAt: number;
}

export function codeLayoutOf(width: number, blockRows: number, slots: number, tileRows: number): CodeLayout {
  const stride = Math.ceil(width / strideCodes) * strideCodes;
  const queryBytes = 2 * stride;
  const headsAt = slots * (queryBytes + 4 * tileRows);
  return { stride, queryBytes, headsAt, codesAt: headsAt + 16 * Math.ceil((4 * headFloats * blockRows) / 16) };
}

/** A float32 that is no less than a positive number. */
function atLeast(value: number): number {
  const rounded = Math.fround(value);
  return rounded >= value ? rounded : Math.fround(value * (1 + 2 ** -22) + 2 ** -148);
}

/** Codes a row (width). @param codes (width) @param head its scale, its error, the length of what the codes say: see {@link headFloats} */
export function writeCodes(row: Float32Array, codes: Int8Array, head: Float32Array): void {
  let largest = 0;
  for (let i = 0; i < row.length; i++) {
    const size = Math.abs(row[i] as number);
    if (size > largest) largest = size;
  }
  const scale = Math.fround(largest / finest);
  const inverse = scale > 0 ? 1 / scale : 0;
  let [left, said] = [0, 0];
  for (let i = 0; i < row.length; i++) {
    const value = row[i] as number;
    // Rounded as a whole number, which is faster. A scale that was itself rounded among the least numbers may be far too small.
    const rounded = (value * inverse + (value < 0 ? -0.5 : 0.5)) | 0;
    const code = Math.max(-finest, Math.min(finest, rounded));
    codes[i] = code;
    const rest = value - code * scale;
    left += rest * rest;
    said += code * code;
  }
  head[0] = scale;
  head[1] = atLeast(Math.sqrt(left));
  head[2] = atLeast(Math.sqrt(said) * scale);
}

/** A query of 16 bits a number, as fine as sums of its products with codes fit into 32 bits. */
export interface CodedQuery {
  /** (width) */
  numbers: Int16Array;
  /** What one step of them is worth. */
  scale: number;
  /** The length of what they leave out. */
  error: number;
  /** The length of the query. */
  length: number;
}

export function codeQuery(query: Float32Array): CodedQuery {
  let [largest, sum, squares] = [0, 0, 0];
  for (const value of query) {
    largest = Math.max(largest, Math.abs(value));
    sum += Math.abs(value);
    squares += value * value;
  }
  // Rounding adds at most a half for each number to the sum.
  const most = Math.min((2 ** 15 - 1) / largest, ((2 ** 31 - 1) / finest - query.length) / sum);
  const factor = Number.isFinite(most) ? most : 1;
  const numbers = Int16Array.from(query, (value) => Math.round(value * factor));
  const left = query.reduce((all, value, i) => all + (value - (numbers[i] as number) / factor) ** 2, 0);
  return { numbers, scale: 1 / factor, error: Math.sqrt(left), length: Math.sqrt(squares) };
}

/**
 * How far the inner product of a query and a row may be from that of their codes.
 *
 * @param error of the row @param said the length of what its codes say
 */
export function marginOf(query: Pick<CodedQuery, 'error' | 'length'>, error: number, said: number): number {
  // The second part is room for the rounding of the products themselves, in double precision.
  return query.length * error + query.error * said + 2 ** -40 * query.length * (said + error);
}
