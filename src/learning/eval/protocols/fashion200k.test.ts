import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('any picture with the caption of the target is right; the reference is out', async () => {
  const split = aSplit('a:red b:blue c:blue d:red e', [aTriplet('a', ['b']), aTriplet('c', ['a']), aTriplet('c', ['b'])]);
  const report = await rankByHand('fashion200k', split, [
    // a is out; e, then c, as blue as the target b.
    { a: 9, b: 1, c: 6, d: 2, e: 7 },
    // c is out; b, then a and d, both red, tie.
    { a: 3, b: 5, c: 9, d: 3, e: 1 },
    // c is the reference and out, though it is blue too; a, d, e tie with b, of which a comes first.
    { a: 3, b: 3, c: 9, d: 3, e: 3 },
  ]);
  expect(report).toMatchObject({ gallery: 5, ranks: [2, 2, 2] });
});

test('a target without a caption is an error', () => {
  const split = aSplit('a:red b', [aTriplet('a', ['b'])]);
  expect(() => rankByHand('fashion200k', split, [{ a: 1, b: 1 }])).toThrow(
    'file row 1: the target b has no caption, and fashion200k compares captions',
  );
});
