import { expect, test } from 'vitest';
import { meteor } from './meteor.js';

const words = (text: string) => text.split(' ').filter((word) => word !== '');
const of = (...pairs: [string, ...string[]][]) =>
  meteor(
    pairs.map(([caption]) => words(caption)),
    pairs.map(([, ...references]) => references.map(words)),
  );
const formula = (pairs: number, caption: number, reference: number, chunks: number) => {
  const [precision, recall] = [pairs / caption, pairs / reference];
  return ((10 * precision * recall) / (recall + 9 * precision)) * (1 - 0.5 * (chunks / pairs) ** 3);
};

test('recall weighs nine times as much as precision, and pieces cost', () => {
  // "dark red sleeves" in one piece, "long" in another: P = 4/5, R = 4/4, F = 8 / 8.2, penalty 0.5 / 8.
  const { corpus, perCaption } = of(['dark red sleeves with long', 'long dark red sleeve']);
  expect(perCaption[0]).toBeCloseTo((8 / 8.2) * (1 - 0.0625), 12);
  expect(corpus).toBe(perCaption[0]);
});

test('a perfect caption of n words has 1 - 0.5 / n^3', () => {
  expect(of(['a', 'a'], ['a b', 'a b'], ['a b c d', 'a b c d']).perCaption).toEqual([0.5, 1 - 0.5 / 8, 1 - 0.5 / 64]);
});

test('the best reference counts, and the corpus is scored on sums', () => {
  const { corpus, perCaption } = of(['a b c', 'x a y', 'a b z', 'c'], ['d e', 'e d f g']);
  expect(perCaption[0]).toBeCloseTo(Math.max(formula(2, 3, 3, 1), formula(1, 3, 1, 1)), 12);
  expect(perCaption[1]).toBeCloseTo(formula(2, 2, 4, 2), 12);
  expect(formula(1, 3, 1, 1)).toBeLessThan(formula(2, 3, 3, 1));
  expect(corpus).toBeCloseTo(formula(4, 5, 7, 3), 12);
});

test('nothing in common is 0', () => {
  expect(of(['', 'a'], ['a', ''], ['', ''], ['a', 'b'])).toEqual({ corpus: 0, perCaption: [0, 0, 0, 0] });
});
