/** Embeddings outside the graph: matching tokens and factor projections of many pictures or queries, and their scores. */

export interface Embeddings {
  /** Number of rows. */
  count: number;
  /** Numbers of a matching token, d. */
  width: number;
  /** Factors, K; 0 for a method without factors. */
  factors: number;
  /** Numbers of each factor, p. */
  projection: number;
  /** (count, width), rows of length 1. */
  matching: Float32Array;
  /** (count, factors, projection), each of length 1, or of the length of its weight in a query with learned weights. */
  factorVectors: Float32Array;
}

/** Embeddings of one kind as one, in their order. */
export function joinEmbeddings(parts: readonly Embeddings[]): Embeddings {
  const { width, factors, projection } = parts[0] ?? { width: 0, factors: 0, projection: 0 };
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const matching = new Float32Array(count * width);
  const factorVectors = new Float32Array(count * factors * projection);
  let at = 0;
  for (const part of parts) {
    matching.set(part.matching, at * width);
    factorVectors.set(part.factorVectors, at * factors * projection);
    at += part.count;
  }
  return { count, width, factors, projection, matching, factorVectors };
}

/**
 * Rows whose inner products are the scores: cos(m, m') + gamma * mean over k of cos(F_k, F'_k) is the inner product of
 * [m; sqrt(gamma/K) F_1; ...; sqrt(gamma/K) F_K].
 *
 * Methods without factors have m alone.
 *
 * @returns (count, width + factors * projection)
 */
export function scoreVectors(embeddings: Embeddings, gamma: number): { data: Float32Array; width: number } {
  const { count, width, factors, projection, matching, factorVectors } = embeddings;
  const flat = factors * projection;
  const total = width + flat;
  const scale = Math.sqrt(gamma / Math.max(1, factors));
  const data = new Float32Array(count * total);
  for (let row = 0; row < count; row++) {
    data.set(matching.subarray(row * width, (row + 1) * width), row * total);
    for (let i = 0; i < flat; i++) data[row * total + width + i] = scale * (factorVectors[row * flat + i] as number);
  }
  return { data, width: total };
}
