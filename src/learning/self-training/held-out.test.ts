import { expect, it } from 'vitest';
import { holdOut } from './held-out.js';

const image = (id: string) => ({ id, path: `${id}.png` });
const pool = ['a', 'b', 'c', 'd', 'unused'].map(image);
const triplets = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const [reference, target] = [pool[i % 4]!.id, pool[(i + 1) % 4]!.id];
    return { reference, targets: [target], text: `text ${i}`, captions: [`text ${i}`], source: `row ${i + 1}`, weight: 0.5 };
  });

it('holds out a seeded tenth, at least one, and trains on the rest', () => {
  for (const [count, held] of [
    [2, 1],
    [14, 1],
    [16, 2],
    [100, 10],
  ] as const) {
    const all = triplets(count);
    const { kept, val } = holdOut(all, pool, 7);
    expect(val.triplets).toHaveLength(held);
    // Each is in one of the two, in its old order.
    expect([...kept, ...val.triplets].sort((x, y) => all.indexOf(x as never) - all.indexOf(y as never))).toEqual(all);
    expect(kept).toEqual(all.filter((triplet) => kept.includes(triplet)));
    expect(holdOut(all, pool, 7)).toEqual({ kept, val });
  }
  const [one, other] = [holdOut(triplets(100), pool, 7), holdOut(triplets(100), pool, 8)];
  expect(one.val.triplets).not.toEqual(other.val.triplets);
});

it('ranks among the pictures that accepted texts name', () => {
  expect(holdOut(triplets(20), pool, 1).val.images.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
});

it.each([0, 1])('refuses %i accepted texts', (count) => {
  expect(() => holdOut(triplets(count), pool, 1)).toThrow(
    new RegExp(`^${count} of the generated texts were accepted; .* Judge less strictly, or give more pictures\\.$`),
  );
});
