import { expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { normalizeRows } from '../eval/vectors.js';
import { nearlySame } from './near-images.js';
import { nearPairs } from './near-pairs.js';

test('an image is paired with its nearest others by a plain sort, none of them nearly the same', async () => {
  const [count, width] = [60, 4];
  const random = new Random(3);
  const vectors = normalizeRows(
    { data: Float32Array.from({ length: count * width }, () => random.uniform() - 0.5), width },
    (row) => `row ${row}`,
  );
  const rows = Array.from({ length: count - 5 }, (_, i) => i + 5);
  const pairs = await nearPairs(rows, { vectors, perImage: 99, random: new Random(1) });
  const cosine = (a: number, b: number) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (vectors.data[a * width + k] as number) * (vectors.data[b * width + k] as number);
    return sum;
  };
  let nearlySameOnes = 0;
  for (const reference of rows) {
    const others = rows.filter((row) => row !== reference).sort((a, b) => cosine(reference, b) - cosine(reference, a));
    nearlySameOnes += others.filter((row) => cosine(reference, row) >= nearlySame).length;
    const expected = others.filter((row) => cosine(reference, row) < nearlySame).slice(0, 16);
    const found = pairs.filter((pair) => pair.reference === reference).map(({ target }) => target);
    expect(found.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
  }
  expect(nearlySameOnes).toBeGreaterThan(4);
  expect(await nearPairs(rows, { vectors, perImage: 2, random: new Random(1) })).toHaveLength(2 * rows.length);
});
