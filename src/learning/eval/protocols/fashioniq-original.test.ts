import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('ranks all pictures, the reference among them', async () => {
  const split = aSplit('a b c d', [aTriplet('d', ['b']), aTriplet('a', ['c']), aTriplet('d', ['c', 'b'])]);
  const report = await rankByHand('fashioniq-original', split, [
    // d (the reference), then b.
    { a: 1, b: 5, c: 2, d: 9 },
    // b, then a (the reference) which ties with the target c and comes first, then c.
    { a: 4, b: 7, c: 4, d: 4 },
    // a and d, then the targets b and c: b counts.
    { a: 9, b: 3, c: 3, d: 9 },
  ]);
  expect(report).toMatchObject({ gallery: 4, ranks: [2, 3, 3] });
});
