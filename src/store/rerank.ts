/** The whole score of a few candidates, with each factor's share of it, and their order. Shared by all stores. */
import { LimnError } from '../core/errors.js';
import type { Embeddings } from '../models/embeddings.js';
import type { GalleryItem, StoreHit, StoreQuery } from './gallery-store.js';

/** How many candidates, at least, are taken by the matching token alone before the factors rank them. */
export const leastCandidates = 200;

/** @throws LimnError USAGE for a k or weights that do not fit the gallery */
export function checkQuery({ k, weights }: Pick<StoreQuery, 'k' | 'weights'>, count: number, factors: number): void {
  if (!Number.isInteger(k) || k < 1) throw new LimnError('USAGE', `k is ${k}; it must be a whole number from 1.`);
  if (k > count) {
    throw new LimnError('USAGE', `k is ${k}, but the gallery has ${count} pictures: ask for ${count} or fewer.`, {
      details: { k, count },
    });
  }
  if (weights && factors === 0) throw new LimnError('USAGE', 'The model has no factors: give no weights.');
  if (weights && (weights.length !== factors || weights.some((weight) => !Number.isFinite(weight)))) {
    throw new LimnError('USAGE', `The model has ${factors} factors: give ${factors} finite weights, not [${weights}].`);
  }
}

/** Scores the candidates (rows of the gallery) and returns the best k that are not left out, best first. */
export function rerank(
  gallery: Embeddings,
  items: readonly GalleryItem[],
  gamma: number,
  candidates: Iterable<number>,
  query: StoreQuery,
): StoreHit[] {
  const { width, factors, projection } = gallery;
  const weights = query.weights ?? new Array<number>(factors).fill(1 / factors);
  const hits: StoreHit[] = [];
  for (const row of candidates) {
    const item = items[row] as GalleryItem;
    if (query.exclude?.(item)) continue;
    const matching = dot(query.matching, 0, gallery.matching, row * width, width);
    const shares = weights.map((weight, k) => {
      const at = (row * factors + k) * projection;
      return gamma * weight * dot(query.factorVectors, k * projection, gallery.factorVectors, at, projection);
    });
    hits.push({ item, row, rank: 0, score: shares.reduce((sum, share) => sum + share, matching), matching, factors: shares });
  }
  hits.sort((a, b) => b.score - a.score || a.row - b.row);
  return hits.slice(0, query.k).map((hit, index) => ({ ...hit, rank: index + 1 }));
}

/** In double precision and always in this order, so that equal rows have equal scores. */
function dot(a: Float32Array, atA: number, b: Float32Array, atB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a[atA + i] as number) * (b[atB + i] as number);
  return sum;
}
