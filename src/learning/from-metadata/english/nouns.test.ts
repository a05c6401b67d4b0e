import { expect, test } from 'vitest';
import { endsIn, singularOf, withArticle } from './nouns.js';

test.each([
  ['heels', 'heel'],
  ['dresses', 'dress'],
  ['casual shoes', 'casual shoe'],
  ['watches', 'watch'],
  ['accessories', 'accessories'],
  ['ladies', 'lady'],
  ['ties', 'tie'],
  ['hoodies', 'hoodie'],
  ['kurtis', 'kurti'],
  ['bikinis', 'bikini'],
  ['trellis', 'trellis'],
  ['jeans', 'jeans'],
])('the singular of "%s" is "%s"', (many, one) => {
  expect(singularOf(many)).toBe(one);
});

test('things have an article, and pairs are pairs', () => {
  expect(['apron', 'tie', 'jeans', 'footwear'].map(withArticle)).toEqual(['an apron', 'a tie', 'a pair of jeans', 'footwear']);
});

test('the last word counts, in the singular or the plural', () => {
  expect(endsIn('v-neck', 'necks')).toBe(true);
  expect(endsIn('high heels', 'heel')).toBe(true);
  expect(endsIn('neck line', 'neck')).toBe(false);
});
