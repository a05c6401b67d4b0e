/** Arithmetic on embeddings outside the graph, in double precision and always in one order, so that equal items have equal scores. */
import type { EmbeddingVectors } from '../embedder.js';

/** The inner product of `length` numbers of a and b, which start at these places. */
export function dot(a: Float32Array, atA: number, b: Float32Array, atB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a[atA + i] as number) * (b[atB + i] as number);
  return sum;
}

/**
 * The mean direction of embeddings: of their matching tokens, which have length 1, and of each factor's vectors, which keep the mean of
 * their lengths, the weights that a query gives its factors. One alone stays what it is, to the bit.
 */
export function averaged(all: readonly EmbeddingVectors[], factors: number): EmbeddingVectors {
  const [first] = all as [EmbeddingVectors];
  if (all.length === 1) return first;
  const parts = Math.max(1, factors);
  return {
    matching: direction(
      all.map(({ matching }) => matching),
      1,
    ),
    factors: direction(
      all.map((one) => one.factors),
      parts,
    ),
  };
}

/** The sum of vectors, each of its equal parts with the mean length that it has in them. Parts that cancel out are the first vector's. */
function direction(vectors: readonly Float32Array[], parts: number): Float32Array {
  const [first] = vectors as [Float32Array];
  const width = first.length / parts;
  const out = new Float32Array(first.length);
  for (let part = 0; part < parts; part++) {
    const sum = new Float64Array(width);
    let lengths = 0;
    for (const vector of vectors) {
      for (let i = 0; i < width; i++) sum[i]! += vector[part * width + i] as number;
      lengths += lengthOf(vector.subarray(part * width, (part + 1) * width));
    }
    const scale = lengths / vectors.length / lengthOf(sum);
    const from = lengthOf(sum) > 1e-6 ? sum.map((value) => value * scale) : first.subarray(part * width, (part + 1) * width);
    out.set(from, part * width);
  }
  return out;
}

function lengthOf(vector: Float32Array | Float64Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.sqrt(squares);
}
