import { expect, test } from 'vitest';
import { aSplit, aTriplet, rankByHand } from '../testing/hand-scores.js';

test('R@K over all pictures, Rsubset@K over the img_set, and their average', async () => {
  const subset = ['f', 'a', 'b', 'c'];
  const split = aSplit('a b c d e f g h', [
    aTriplet('a', ['b'], { subset }),
    aTriplet('f', ['c'], { subset }),
    aTriplet('a', ['f'], { subset }),
    aTriplet('a', ['c', 'f'], { subset }),
  ]);
  const report = await rankByHand('cirr-val', split, [
    // a is out; d, then b. Of f b c the best is b.
    { a: 9, b: 7, c: 1, d: 8, e: 0, f: 6, g: 0, h: 0 },
    // f is out; d e g h a b, then c. Of a b c the last is c.
    { a: 6, b: 5, c: 4, d: 9, e: 9, f: 9, g: 9, h: 9 },
    // All tie: b c d e, then f. Of f b c the last by its place is f, wherever the img_set lists it.
    { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1 },
    // d, then f, then c: the better of the two targets counts. Of f b c the best is f.
    { a: 9, b: 1, c: 5, d: 7, e: 0, f: 6, g: 0, h: 0 },
  ]);
  expect(report.ranks).toEqual([2, 7, 5, 2]);
  expect(report.subsetRanks).toEqual([1, 3, 3, 1]);
  expect(report.metrics).toEqual({
    ...{ 'R@1': 0, 'R@5': 75, 'R@10': 100, 'R@50': 100 },
    ...{ 'Rsubset@1': 50, 'Rsubset@2': 50, 'Rsubset@3': 100 },
    average: (75 + 50) / 2,
  });
});

test('the average needs no R@5 among the K that are asked for', async () => {
  const split = aSplit('a b', [aTriplet('a', ['b'], { subset: ['a', 'b'] })]);
  const { metrics } = await rankByHand('cirr-val', split, [{ a: 1, b: 1 }], { ks: [1] });
  expect(metrics).toEqual({ 'R@1': 100, 'Rsubset@1': 100, 'Rsubset@2': 100, 'Rsubset@3': 100, average: 100 });
});

test('an annotation without an img_set, or with one that lacks the target, is an error', () => {
  const rank = (subset?: string[]) => rankByHand('cirr-val', aSplit('a b c', [aTriplet('a', ['b'], subset && { subset })]), []);
  expect(() => rank()).toThrow('file row 1: the annotation has no img_set, which cirr-val ranks');
  expect(() => rank(['a', 'c'])).toThrow('file row 1: the target is not in the img_set');
});
