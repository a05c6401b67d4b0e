import { expect, test } from 'vitest';
import { rougeL } from './rouge-l.js';

const score = (caption: string, ...references: string[]) => {
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  return rougeL(words(caption), references.map(words));
};
const f = (precision: number, recall: number) => (2.44 * precision * recall) / (recall + 1.44 * precision);

test('the longest common sequence may have gaps but keeps its order', () => {
  expect(score('a b c d', 'a c e')).toBeCloseTo(f(2 / 4, 2 / 3), 12);
  expect(score('a b c', 'c b a')).toBeCloseTo(1 / 3, 12);
  expect(score('a b a c b', 'b c a b')).toBeCloseTo(f(3 / 5, 3 / 4), 12);
});

test('precision and recall are each the best over the references', () => {
  expect(score('a b c d', 'a b c x y z', 'd')).toBeCloseTo(f(3 / 4, 1), 12);
});

test('nothing in common is 0, all in common 1', () => {
  expect([score('', 'a'), score('a', ''), score('', ''), score('a', 'b')]).toEqual([0, 0, 0, 0]);
  expect(score('a b', 'x', 'a b')).toBe(1);
});
