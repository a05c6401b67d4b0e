/** Embeddings outside the graph: matching tokens and factor projections of many pictures or queries, and their scores. */

export interface Embeddings {
  count: number;
  width: number;
  factors: number;
  projection: number;
  /** (count, width), rows of length 1. */
  matching: Float32Array;
  /** (count, factors, projection), each of length 1. */
  factorVectors: Float32Array;
}

/**
 * Rows whose inner products are the scores: cos(m, m') + gamma * mean over k of cos(F_k, F'_k) is the inner product of
 * [m; sqrt(gamma/K) F_1; ...; sqrt(gamma/K) F_K].
 *
 * @returns (count, width + factors * projection)
 */
export function scoreVectors(embeddings: Embeddings, gamma: number): { data: Float32Array; width: number } {
  const { count, width, factors, projection, matching, factorVectors } = embeddings;
  const flat = factors * projection;
  const total = width + flat;
  const scale = Math.sqrt(gamma / factors);
  const data = new Float32Array(count * total);
  for (let row = 0; row < count; row++) {
    data.set(matching.subarray(row * width, (row + 1) * width), row * total);
    for (let i = 0; i < flat; i++) data[row * total + width + i] = scale * (factorVectors[row * flat + i] as number);
  }
  return { data, width: total };
}
