/** Query and gallery vectors, and the one definition of a score. */
import { LimnError } from '../../core/errors.js';

export interface ScoreVectors {
  /** (n, width), row-major. */
  data: Float32Array;
  width: number;
}

/** Vectors as they may come from elsewhere: not yet of length 1, perhaps in double precision. */
export interface RawVectors {
  /** (n, width), row-major. */
  data: Float32Array | Float64Array;
  /** Numbers in each row. */
  width: number;
}

/** What a row is, for messages, e.g. "query 3". */
export type NameOf = (row: number) => string;

/** The number of rows. */
export function countOf({ data, width }: RawVectors): number {
  return data.length / width;
}

/**
 * The length of every row, in double precision, also where the squares of its numbers are too large or too small for that.
 *
 * @throws LimnError NOT_FINITE for a row with NaN or infinity
 */
export function lengthsOf({ data, width }: RawVectors, nameOf: NameOf): Float64Array {
  const lengths = new Float64Array(data.length / width);
  for (let row = 0; row < lengths.length; row++) {
    let sum = 0;
    let finite = true;
    for (let i = row * width; i < (row + 1) * width; i++) {
      sum += (data[i] as number) ** 2;
      finite &&= Number.isFinite(data[i]);
    }
    if (!finite) {
      const message = `The vector of ${nameOf(row)} holds values that are not finite; train the model or compute the vector again.`;
      throw new LimnError('NOT_FINITE', message, { details: { row } });
    }
    lengths[row] = sum > 1e-280 && sum < 1e300 ? Math.sqrt(sum) : scaledLength(data.subarray(row * width, (row + 1) * width));
  }
  return lengths;
}

function scaledLength(row: RawVectors['data']): number {
  let most = 0;
  for (const value of row) most = Math.max(most, Math.abs(value));
  if (most === 0) return 0;
  let sum = 0;
  for (const value of row) sum += (value / most) ** 2;
  return most * Math.sqrt(sum);
}

/**
 * Every row divided by its length in double precision. Float32 rows are rounded to float32 again, so that equal directions are equal
 * numbers; rows of doubles stay doubles.
 *
 * @throws LimnError NOT_FINITE for NaN or infinity, DATA for a row of zeros
 */
export function normalizeRows(vectors: ScoreVectors, nameOf: NameOf): ScoreVectors;
export function normalizeRows(vectors: RawVectors, nameOf: NameOf): RawVectors;
export function normalizeRows(vectors: RawVectors, nameOf: NameOf): RawVectors {
  const { data, width } = vectors;
  const normalized = data instanceof Float64Array ? new Float64Array(data.length) : new Float32Array(data.length);
  lengthsOf(vectors, nameOf).forEach((length, row) => {
    if (length === 0) {
      const message = `The vector of ${nameOf(row)} is all zeros, which has no direction; compute it again.`;
      throw new LimnError('DATA', message, { details: { row } });
    }
    // Numbers near the ends of the doubles' range are brought to its middle first, where nothing is lost.
    const scale = length < 1e-280 ? 2 ** 600 : length > 1e300 ? 2 ** -600 : 1;
    const scaled = scale === 1 ? length : scaledLength(data.subarray(row * width, (row + 1) * width).map((x) => x * scale));
    for (let i = row * width; i < (row + 1) * width; i++) normalized[i] = ((data[i] as number) * scale) / scaled;
  });
  return { data: normalized, width };
}

/** Copies rows, in the order given, which may name one several times; their precision stays. */
export function rowsOf(vectors: ScoreVectors, rows: readonly number[]): ScoreVectors;
export function rowsOf(vectors: RawVectors, rows: readonly number[]): RawVectors;
export function rowsOf({ data, width }: RawVectors, rows: readonly number[]): RawVectors {
  const size = rows.length * width;
  const copied = data instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  rows.forEach((row, at) => {
    copied.set(data.subarray(row * width, (row + 1) * width), at * width);
  });
  return { data: copied, width };
}

/**
 * The rows with the ids that are wanted, in that order.
 *
 * @param what what the wanted are, for messages, e.g. "queries"
 * @throws LimnError DATA when the ids are not one a row, name something twice, or lack a wanted one
 */
export function selectRows(
  { data, width, ids }: RawVectors & { ids: readonly string[] },
  wanted: readonly string[],
  what: string,
): RawVectors {
  if (ids.length * width !== data.length) {
    const message = `There are ${data.length / width} vectors and ${ids.length} ids for the ${what}; give one id for each row, in the same order.`;
    throw new LimnError('DATA', message, { details: { vectors: data.length / width, ids: ids.length } });
  }
  const rows = new Map<string, number>();
  ids.forEach((id, row) => {
    if (rows.has(id)) throw new LimnError('DATA', `The ids of the vectors name "${id}" twice; give each one vector.`);
    rows.set(id, row);
  });
  const absent = wanted.filter((id) => !rows.has(id));
  if (absent.length > 0) {
    const first = absent.slice(0, 5).join(', ') + (absent.length > 5 ? ', ...' : '');
    const message = `${absent.length} of the ${wanted.length} ${what} have no vector (${first}); compute them too, or check that the ids are those of the annotations.`;
    throw new LimnError('DATA', message, { details: { absent: absent.slice(0, 100), count: absent.length } });
  }
  return rowsOf(
    { data, width },
    wanted.map((id) => rows.get(id) as number),
  );
}
