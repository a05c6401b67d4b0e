import { expect, test } from 'vitest';
import { bleu } from './bleu.js';

const words = (text: string) => text.split(' ').filter((word) => word !== '');
const of = (...pairs: [string, ...string[]][]) =>
  bleu(
    pairs.map(([caption]) => words(caption)),
    pairs.map(([, ...references]) => references.map(words)),
  );
const expectClose = (found: number[], expected: number[]) => {
  expect(found).toHaveLength(4);
  found.forEach((value, n) => {
    expect(value).toBeCloseTo(expected[n]!, 12);
  });
};

test('a word counts as often as the reference that has most of it', () => {
  expectClose(of(['the the the the', 'the cat and the mat', 'a cat on the mat']), [(2 / 4) * Math.exp(1 - 5 / 4), 0, 0, 0]);
});

test('precisions of several lengths and the penalty for short captions', () => {
  // 4 of 4 words, 2 of 3 pairs, 1 of 2 threes, no four of 1; 4 words for 6.
  const brevity = Math.exp(1 - 6 / 4);
  expectClose(of(['a b c d', 'd x a b c y']), [brevity, brevity * (2 / 3) ** (1 / 2), brevity * (1 / 3) ** (1 / 3), 0]);
});

test('counts and lengths are summed over the corpus before they are divided', () => {
  // 3 of 5 words and 1 of 3 pairs; lengths 5 and 6.
  const brevity = Math.exp(1 - 6 / 5);
  expectClose(of(['a b', 'a b c'], ['c d e', 'x d y']), [(3 / 5) * brevity, brevity * ((3 / 5) * (1 / 3)) ** (1 / 2), 0, 0]);
});

test('the closest reference gives the length, of two equally close the shorter one', () => {
  expect(of(['a b c', 'a b c x y z u v', 'a b'])[0]).toBe(1);
  expect(of(['a b c', 'a b c x y', 'a'])[0]).toBe(1);
  expect(of(['a b c', 'a b c x y', 'u v w x y'])[0]).toBeCloseTo(Math.exp(1 - 5 / 3), 12);
});

test('a long caption has no penalty, an empty one and one without words in common have 0', () => {
  expectClose(of(['a b c d e f', 'a b c d']), [
    4 / 6,
    ((4 / 6) * (3 / 5)) ** 0.5,
    ((2 / 5) * (2 / 4)) ** (1 / 3),
    (1 / 15) ** 0.25,
  ]);
  expect(of(['', 'a b'])).toEqual([0, 0, 0, 0]);
  expect(of(['', ''])).toEqual([0, 0, 0, 0]);
  expect(of(['x y', 'a b'])).toEqual([0, 0, 0, 0]);
});
