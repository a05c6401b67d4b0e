import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('the reference may be found', async () => {
  const split = aSplit('a b c d', [aTriplet('c', ['b']), aTriplet('d', ['a']), aTriplet('a', ['c', 'b'])]);
  const report = await rankByHand('birds-to-words', split, [
    // c (the reference) and a, then b.
    { a: 5, b: 4, c: 9, d: 1 },
    // d, the reference, then a.
    { a: 5, b: 4, c: 3, d: 6 },
    // d, then a (the reference), which ties with the targets and comes first, then b.
    { a: 4, b: 4, c: 4, d: 5 },
  ]);
  expect(report).toMatchObject({ gallery: 4, ranks: [3, 2, 3] });
});
