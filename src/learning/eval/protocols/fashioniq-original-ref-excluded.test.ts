import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('ranks all pictures but the own reference', async () => {
  const split = aSplit('a b c d', [aTriplet('d', ['b']), aTriplet('a', ['c']), aTriplet('d', ['c', 'b'])]);
  const report = await rankByHand('fashioniq-original-ref-excluded', split, [
    { a: 1, b: 5, c: 2, d: 9 },
    // b, then c; a is out and d, which ties with c, comes later.
    { a: 4, b: 7, c: 4, d: 4 },
    // a, then b, which is ahead of the other target by its place.
    { a: 9, b: 3, c: 3, d: 9 },
  ]);
  expect(report).toMatchObject({ gallery: 4, ranks: [1, 2, 2] });
  expect(report.metrics['R@1']).toBeCloseTo(100 / 3, 12);
});
