import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('ranks all pictures but the own reference; each query is one annotation', async () => {
  const split = aSplit('a b c d', [aTriplet('a', ['c']), aTriplet('a', ['d']), aTriplet('b', ['a', 'd']), aTriplet('a', ['a'])]);
  const report = await rankByHand('shoes', split, [
    // a is out; b, then c.
    { a: 9, b: 6, c: 5, d: 4 },
    // a is out; b and c tie with d and come first.
    { a: 9, b: 4, c: 4, d: 4 },
    // b is out; d, a target, is first.
    { a: 1, b: 9, c: 2, d: 3 },
    // a is out and cannot be found.
    { a: 9, b: 1, c: 1, d: 1 },
  ]);
  expect(report).toMatchObject({ gallery: 4, ranks: [2, 3, 1, 4] });
  expect(report.metrics).toEqual({ 'R@1': 25, 'R@10': 100, 'R@50': 100 });
});
