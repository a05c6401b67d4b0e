import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from './testing/hand-scores.js';

function orders<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => orders(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

test.each([
  ['triplets', [aTriplet('a', ['b']), aTriplet('a', ['b', 'c']), aTriplet('c', ['c', 'd']), aTriplet('a', ['a'])]],
  ['fashioniq-original', [aTriplet('a', ['b']), aTriplet('d', ['c', 'e'])]],
  [
    'cirr-val',
    [aTriplet('a', ['b'], { subset: ['a', 'b', 'c', 'd'] }), aTriplet('e', ['a', 'c'], { subset: ['e', 'a', 'c', 'd'] })],
  ],
] as const)('%s: chance is the mean over all orders of the gallery', async (protocol, triplets) => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const split = aSplit(ids.join(' '), triplets);
  const sums: Record<string, number> = {};
  let [count, chance]: [number, Record<string, number>] = [0, {}];
  for (const order of orders(ids)) {
    const scores = Object.fromEntries(order.map((id, position) => [id, -position]));
    const ks = [1, 2, 5];
    const report = await rankByHand(
      protocol,
      split,
      triplets.map(() => scores),
      { ks },
    );
    for (const [name, value] of Object.entries(report.metrics)) sums[name] = (sums[name] ?? 0) + value;
    count++;
    chance = report.chance;
  }
  expect(Object.keys(chance)).toEqual(Object.keys(sums));
  for (const [name, sum] of Object.entries(sums)) expect(chance[name]).toBeCloseTo(sum / count, 9);
});

test('where only a server knows the answers there is no chance to name', async () => {
  const split = { ...aSplit('a b', [aTriplet('a', [], { subset: ['a', 'b'] })]), name: 'test' as const };
  expect((await rankByHand('cirr-test', split, [{ a: 1, b: 2 }])).chance).toEqual({});
});
