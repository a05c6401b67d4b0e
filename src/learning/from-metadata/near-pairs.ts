/** Pairs of near images where nothing is known but the images. */
import type { OnProgress } from '../../core/progress.js';
import type { Random } from '../../core/random.js';
import { scoreQueries } from '../eval/scores.js';
import { rowsOf, type ScoreVectors } from '../eval/vectors.js';
import { largestOf, nearlySame } from './near-images.js';

export interface NearPair {
  readonly reference: number;
  readonly target: number;
  /** Cosine of the images' vectors, from their mean. */
  readonly similarity: number;
}

/** A target is one of so many nearest. */
const nearest = 16;

/**
 * Pairs each of the rows with some of its nearest others, which are drawn; none that are nearly the same image.
 *
 * @param rows rows of `vectors` that pairs are drawn among
 */
export async function nearPairs(
  rows: readonly number[],
  {
    vectors,
    perImage,
    random,
    signal,
    onProgress,
  }: {
    vectors: ScoreVectors;
    perImage: number;
    random: Random;
    signal?: AbortSignal | undefined;
    onProgress?: OnProgress | undefined;
  },
): Promise<NearPair[]> {
  const vectorsOfRows = rowsOf(vectors, rows);
  const pairs: NearPair[] = [];
  let at = 0;
  for await (const { estimates } of scoreQueries(vectorsOfRows, vectorsOfRows, { signal, onProgress })) {
    const own = at++;
    const near = largestOf(estimates, nearest, (place) => place === own || !((estimates[place] as number) < nearlySame));
    const drawn = random.shuffle(near).slice(0, perImage);
    for (const place of drawn) {
      pairs.push({ reference: rows[own] as number, target: rows[place] as number, similarity: estimates[place] as number });
    }
  }
  return pairs;
}
