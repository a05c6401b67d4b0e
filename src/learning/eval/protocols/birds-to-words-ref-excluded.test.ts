import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('the own reference cannot be found', async () => {
  const split = aSplit('a b c d', [aTriplet('c', ['b']), aTriplet('d', ['a']), aTriplet('a', ['c', 'b'])]);
  const report = await rankByHand('birds-to-words-ref-excluded', split, [
    // c is out; a, then b.
    { a: 5, b: 4, c: 9, d: 1 },
    // d is out; a.
    { a: 5, b: 4, c: 3, d: 6 },
    // a is out; d, then b, which ties with the other target and comes first.
    { a: 4, b: 4, c: 4, d: 5 },
  ]);
  expect(report).toMatchObject({ gallery: 4, ranks: [2, 1, 2] });
});
