import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('ranks references and targets of the queries only, without the own reference', async () => {
  const split = aSplit('a b c d e', [aTriplet('b', ['d']), aTriplet('d', ['e', 'b'])]);
  const report = await rankByHand('fashioniq-val', split, [
    // The gallery is b d e. b is the reference and out; d and e tie, and d comes first.
    { a: 9, b: 8, c: 9, d: 1, e: 1 },
    // d is out; of the two targets b is ahead of e.
    { a: 9, b: 3, c: 9, d: 8, e: 2 },
  ]);
  expect(report).toMatchObject({ protocol: 'fashioniq-val', queries: 2, gallery: 3, ranks: [1, 1] });
  expect(report.metrics).toEqual({ 'R@1': 100, 'R@10': 100, 'R@50': 100 });
});

test('a tie is lost to a picture that comes earlier in the split', async () => {
  const split = aSplit('a b c', [aTriplet('c', ['b']), aTriplet('c', ['a'])]);
  const tied = { a: 0.5, b: 0.5, c: 0.5 };
  expect((await rankByHand('fashioniq-val', split, [tied, tied])).ranks).toEqual([2, 1]);
});
