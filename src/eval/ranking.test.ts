import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rankOf, recallAt } from './ranking.js';

const scores = Float32Array.of(0.9, 0.5, 0.7, 0.5, 0.5);

test('ties go to the lower index', () => {
  expect([0, 1, 2, 3, 4].map((target) => rankOf({ scores, targets: [target] }))).toEqual([1, 3, 2, 4, 5]);
});

test('an excluded reference makes room only for those behind it', () => {
  expect(rankOf({ scores, targets: [3], excluded: [0] })).toBe(3);
  expect(rankOf({ scores, targets: [3], excluded: [1] })).toBe(3);
  expect(rankOf({ scores, targets: [3], excluded: [4] })).toBe(4);
  expect(rankOf({ scores, targets: [3], excluded: [0, 0, 1] })).toBe(2);
});

test('of several targets the best placed counts', () => {
  expect(rankOf({ scores, targets: [4, 2] })).toBe(2);
  expect(rankOf({ scores, targets: [4, 3], excluded: [3] })).toBe(4);
});

test('a query that cannot be ranked is an error', () => {
  expect(() => rankOf({ scores, targets: [] })).toThrow('A query has no target in the gallery');
  expect(() => rankOf({ scores, targets: [2], excluded: [2] })).toThrow('A query has no target in the gallery');
  expect(() => rankOf({ scores, targets: [5] })).toThrow('Target 5 is outside the gallery of 5 pictures.');
  expect(() => rankOf({ scores: Float32Array.of(1, Number.NaN), targets: [0] })).toThrow(
    'The score of gallery picture 1 is not a number',
  );
});

test('recall is a percentage of the queries', () => {
  expect(recallAt([1, 2, 11, 10], [1, 10, 50])).toEqual({ 1: 25, 10: 75, 50: 100 });
  expect(recallAt([], [1])).toEqual({ 1: 0 });
});

/** Takes the best picture out of the gallery again and again until it is a target. */
function rankByRemoval(scores: Float32Array, targets: readonly number[], excluded: readonly number[]): number {
  const left = [...scores.keys()].filter((index) => !excluded.includes(index));
  for (let rank = 1; ; rank++) {
    let best = 0;
    for (let i = 1; i < left.length; i++) if (scores[left[i]!]! > scores[left[best]!]!) best = i;
    if (targets.includes(left[best]!)) return rank;
    left.splice(best, 1);
  }
}

test('agrees with ranking by repeated removal', () => {
  const level = fc.integer({ min: -2, max: 2 }).map((value) => value / 2);
  const gallery = fc.array(level, { minLength: 1, maxLength: 20 }).chain((values) => {
    const indices = fc.array(fc.nat(values.length - 1), { minLength: 1, maxLength: 4 });
    return fc.tuple(fc.constant(Float32Array.from(values)), indices, fc.oneof(fc.constant<number[]>([]), indices));
  });
  fc.assert(
    fc.property(gallery, ([scores, targets, excluded]) => {
      fc.pre(targets.some((target) => !excluded.includes(target)));
      expect(rankOf({ scores, targets, excluded })).toBe(rankByRemoval(scores, targets, excluded));
    }),
    { numRuns: 500 },
  );
});
