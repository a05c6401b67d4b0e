import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderOf, rankOf, recallAt, topOf } from './ranking.js';
import type { QueryScores } from './scores.js';
import { handScores } from './testing/hand-scores.js';

const scores = handScores([0.9, 0.5, 0.7, 0.5, 0.5]);

test('ties go to the lower index', () => {
  expect([0, 1, 2, 3, 4].map((target) => rankOf({ scores, targets: [target] }))).toEqual([1, 3, 2, 4, 5]);
});

test('an excluded reference makes room only for those behind it', () => {
  expect(rankOf({ scores, targets: [3], excluded: [0] })).toBe(3);
  expect(rankOf({ scores, targets: [3], excluded: [1] })).toBe(3);
  expect(rankOf({ scores, targets: [3], excluded: [4] })).toBe(4);
  expect(rankOf({ scores, targets: [3], excluded: [0, 0, 1] })).toBe(2);
});

test('a target that is taken out itself is never found', () => {
  expect(rankOf({ scores, targets: [0], excluded: [0] })).toBe(5);
});

test('of several targets the best placed counts', () => {
  expect(rankOf({ scores, targets: [4, 2] })).toBe(2);
  expect(rankOf({ scores, targets: [4, 3], excluded: [3] })).toBe(4);
});

test('a query that cannot be ranked is an error', () => {
  expect(() => rankOf({ scores, targets: [] })).toThrow('A query has no target in the gallery');
  expect(() => rankOf({ scores, targets: [5] })).toThrow('Picture 5 is outside the gallery of 5 pictures.');
});

test('the best pictures and the order of a few', () => {
  expect(topOf(scores, 3)).toEqual([0, 2, 1]);
  expect(topOf(scores, 3, [0, 1])).toEqual([2, 3, 4]);
  expect(topOf(scores, 9, [2])).toEqual([0, 1, 3, 4]);
  expect(orderOf(scores, [4, 2, 3, 4])).toEqual([2, 3, 4]);
});

test('recall is a percentage of the queries', () => {
  expect(recallAt([1, 2, 11, 10], [1, 10, 50])).toEqual({ 1: 25, 10: 75, 50: 100 });
  expect(recallAt([], [1])).toEqual({ 1: 0 });
});

/** Takes the best picture out of the gallery again and again. */
function orderByRemoval(exact: readonly number[], excluded: readonly number[]): number[] {
  const left = [...exact.keys()].filter((index) => !excluded.includes(index));
  const order: number[] = [];
  while (left.length > 0) {
    let best = 0;
    for (let i = 1; i < left.length; i++) if (exact[left[i]!]! > exact[left[best]!]!) best = i;
    order.push(...left.splice(best, 1));
  }
  return order;
}

test('agrees with ranking by repeated removal, whatever estimates say within their slack', () => {
  const slack = fc.constantFrom(0, 0.25, 1, Number.POSITIVE_INFINITY);
  const level = fc.integer({ min: -4, max: 4 }).map((value) => value / 4);
  const gallery = fc.array(fc.tuple(level, fc.integer({ min: -4, max: 4 })), { minLength: 1, maxLength: 20 });
  const everything = fc.tuple(gallery, slack).chain(([rows, most]) => {
    const indices = fc.array(fc.nat(rows.length - 1), { minLength: 1, maxLength: 4 });
    return fc.tuple(fc.constant(rows), fc.constant(most), indices, fc.oneof(fc.constant<number[]>([]), indices));
  });
  fc.assert(
    fc.property(everything, fc.integer({ min: 1, max: 22 }), ([rows, most, targets, excluded], count) => {
      const exact = rows.map(([value]) => value);
      const off = Number.isFinite(most) ? most / 4 : 100;
      const estimates = Float32Array.from(rows, ([value, error]) => value + error * off);
      const scored: QueryScores = { estimates, slack: most, exact: (index) => exact[index]! };
      const order = orderByRemoval(exact, excluded);
      expect(topOf(scored, count, excluded)).toEqual(order.slice(0, count));
      const rank = order.findIndex((index) => targets.includes(index)) + 1 || exact.length;
      expect(rankOf({ scores: scored, targets, excluded })).toBe(rank);
    }),
    { numRuns: 1000 },
  );
});
