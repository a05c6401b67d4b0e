/** The images nearest to each, and those that can hardly be told apart. */
import type { OnProgress } from '../../core/progress.js';
import { scoreQueries } from '../eval/scores.js';
import { rowsOf, type ScoreVectors } from '../eval/vectors.js';

export interface NearImages {
  /** Rows of the nearest others of each row, the nearest first; those of a copy are those of the first image that it is a copy of. */
  readonly nearest: readonly (readonly number[])[];
  /** Rows of equal vectors, two or more each. */
  readonly copies: readonly (readonly number[])[];
  /** Pairs of rows whose images are nearly the same. */
  readonly duplicates: readonly (readonly [number, number])[];
}

const neighbours = 6;
/** Cosine, from the mean of all images, from which on two are views of one product. */
export const nearlySame = 0.97;

/** Every image is compared with every other, in blocks. */
export async function findNear(
  vectors: ScoreVectors,
  tools: { signal?: AbortSignal | undefined; onProgress?: OnProgress | undefined } = {},
): Promise<NearImages> {
  const { firsts, firstOf, copies } = findCopies(vectors);
  const own = rowsOf(vectors, firsts);
  const nearest: number[][] = [];
  const duplicates: (readonly [number, number])[] = [];
  const { signal, onProgress: report } = tools;
  const onProgress: OnProgress | undefined = report && ((event) => report({ ...event, stage: 'compare images' }));
  for await (const { estimates } of scoreQueries(own, own, { signal, onProgress })) {
    const at = nearest.length;
    const near = largestOf(estimates, neighbours, (place) => place === at);
    nearest.push(near.map((place) => firsts[place] as number));
    for (const place of near) {
      if ((estimates[place] as number) >= nearlySame) duplicates.push([firsts[at] as number, firsts[place] as number]);
    }
  }
  return { nearest: firstOf.map((place) => nearest[place] as number[]), copies, duplicates };
}

/** Rows of equal numbers: the first of each, and which of these each row equals. */
function findCopies({ data, width }: ScoreVectors) {
  const places = new Map<string, number>();
  const firsts: number[] = [];
  const members: number[][] = [];
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const firstOf = Array.from({ length: data.length / width }, (_, row) => {
    const key = bytes.toString('latin1', row * width * 4, (row + 1) * width * 4);
    const place = places.get(key) ?? firsts.length;
    if (place === firsts.length) {
      places.set(key, place);
      firsts.push(row);
      members.push([]);
    }
    members[place]?.push(row);
    return place;
  });
  return { firsts, firstOf, copies: members.filter(({ length }) => length > 1) };
}

/** Places of the `count` largest values, the largest first; of equal ones the lower place. @param isOut whether a place is passed over */
export function largestOf(values: Float32Array, count: number, isOut: (place: number) => boolean): number[] {
  const best: number[] = [];
  for (let place = 0; place < values.length; place++) {
    const value = values[place] as number;
    if (best.length === count && value <= (values[best[count - 1] as number] as number)) continue;
    if (isOut(place)) continue;
    let at = best.length;
    while (at > 0 && (values[best[at - 1] as number] as number) < value) at--;
    best.splice(at, 0, place);
    if (best.length > count) best.pop();
  }
  return best;
}
