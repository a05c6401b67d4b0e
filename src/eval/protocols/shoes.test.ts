import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('ranks all pictures but the own reference; each query is one annotation', async () => {
  const split = aSplit('a b c d', [aTriplet('a', ['c']), aTriplet('a', ['d']), aTriplet('b', ['a', 'd'])]);
  const report = await rankByHand('shoes', split, [
    // a is out; b, then c.
    { a: 9, b: 6, c: 5, d: 4 },
    // a is out; b and c tie with d and come first.
    { a: 9, b: 4, c: 4, d: 4 },
    // b is out; d, a target, is first.
    { a: 1, b: 9, c: 2, d: 3 },
  ]);
  expect(report).toMatchObject({ gallery: 4, ranks: [2, 3, 1] });
  expect(report.metrics['R@1']).toBeCloseTo(100 / 3, 12);
  expect(report.metrics['R@10']).toBe(100);
});
