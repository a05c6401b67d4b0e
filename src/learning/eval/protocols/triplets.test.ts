import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('the best placed of several targets counts; the reference is out', async () => {
  const split = aSplit('a b c d e', [aTriplet('a', ['d', 'e']), aTriplet('e', ['b', 'd']), aTriplet('b', ['e'])]);
  const report = await rankByHand('triplets', split, [
    // a is out; b, c, then e, d.
    { a: 9, b: 8, c: 7, d: 1, e: 2 },
    // e is out; a and c tie with both targets: a, b.
    { a: 3, b: 3, c: 3, d: 3, e: 9 },
    // b is out; e ties with all and is last.
    { a: 3, b: 3, c: 3, d: 3, e: 3 },
  ]);
  expect(report).toMatchObject({ gallery: 5, ranks: [3, 2, 4] });
  expect(report.metrics).toEqual({ 'R@1': 0, 'R@5': 100, 'R@10': 100, 'R@50': 100 });
});
