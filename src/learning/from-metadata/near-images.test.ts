import { expect, it } from 'vitest';
import { dot } from '../../core/dot.js';
import { Random } from '../../core/random.js';
import type { CatalogueAttribute } from './attributes.js';
import { chooseAttributes, visibility } from './choose-attributes.js';
import { groupProducts } from './groups.js';
import { findNear, nearlySame } from './near-images.js';

const width = 8;
const count = 120;
/** Rows of length 1; row 3 equals row 1, and row 5 is nearly row 2. */
function vectors() {
  const random = new Random(9);
  const data = Float32Array.from({ length: count * width }, () => random.normal());
  data.copyWithin(3 * width, 1 * width, 2 * width);
  data.copyWithin(5 * width, 2 * width, 3 * width);
  data[5 * width] = (data[5 * width] as number) + 0.01;
  for (let row = 0; row < count; row++) {
    const length = Math.hypot(...data.subarray(row * width, (row + 1) * width));
    for (let i = row * width; i < (row + 1) * width; i++) data[i] = (data[i] as number) / length;
  }
  return { data, width };
}

it('finds the neighbours that sorting all cosines finds', async () => {
  const given = vectors();
  const { nearest, copies, duplicates } = await findNear(given);
  expect(copies).toEqual([[1, 3]]);
  const firsts = Array.from({ length: count }, (_, row) => row).filter((row) => row !== 3);
  for (const row of firsts) {
    const cosine = (other: number) => dot(given.data, row * width, given.data, other * width, width);
    const sorted = firsts.filter((other) => other !== row).sort((a, b) => cosine(b) - cosine(a));
    expect(nearest[row]).toEqual(sorted.slice(0, 6));
    const near = duplicates.filter(([a]) => a === row).map(([, b]) => b);
    expect(near.sort()).toEqual(sorted.filter((other) => cosine(other) >= nearlySame).sort());
  }
  expect(nearest[3]).toEqual(nearest[1]);
  const rows = Array.from({ length: count }, (_, i) => ({ id: String(i), path: '', values: {} }));
  const { of } = groupProducts(rows, [], { copies, duplicates });
  expect([of[3], of[5], of[4]]).toEqual([1, 2, 4]);
});

const base = { role: undefined, source: 'column', translations: new Map() } as const;
const category = (name: string, of: readonly number[]): CatalogueAttribute => ({
  ...base,
  name,
  kind: 'category',
  values: [...new Set(of)].sort().map(String),
  of: Int32Array.from(of),
});

it('an attribute is seen as far as neighbours agree above chance', () => {
  const random = new Random(3);
  // Rows of one half of the catalogue are each other's neighbours.
  const half = (row: number) => Math.floor((2 * row) / count);
  const nearest = Array.from({ length: count }, (_, row) =>
    Array.from({ length: 6 }, () => half(row) * (count / 2) + random.below(count / 2)),
  );
  const rows = [...nearest.keys()];
  const seen = category('seen', rows.map(half));
  const coin = category(
    'coin',
    rows.map(() => random.below(2)),
  );
  expect(visibility(seen, nearest)).toBe(1);
  expect(Math.abs(visibility(coin, nearest))).toBeLessThan(0.2);
  const price: CatalogueAttribute = {
    ...base,
    name: 'price',
    kind: 'number',
    of: Float64Array.from(rows, (row) => 100 * half(row) + random.below(10)),
    step: 5,
  };
  expect(visibility(price, nearest)).toBeGreaterThan(0.8);
  // What a finer attribute says already goes, and what was asked for stays.
  const fine = category(
    'fine',
    rows.map((row) => 4 * half(row) + (row % 4)),
  );
  expect(chooseAttributes([seen, fine], nearest, false).leftOut).toEqual([
    { name: 'seen', reason: '"fine" says it more finely' },
  ]);
  expect(chooseAttributes([seen, fine], nearest, true).attributes).toEqual([seen, fine]);
});
