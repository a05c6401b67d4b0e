import { expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { judgeScores } from './judge-scores.js';

const width = 5;

/** Small whole numbers, so that many scores are equal and every sum is exact. */
function whole(rows: number, random: Random): Float32Array {
  return Float32Array.from({ length: rows * width }, () => random.below(5) - 2);
}

function plainDot(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (a[i * width + k] as number) * (b[j * width + k] as number);
  return sum;
}

test.each(['best', 'mean'] as const)('ranks and margins to the %s are those of plain loops', async (marginTo) => {
  const random = new Random(5);
  const [total, size, perCandidate] = [301, 90, 3];
  const [queries, targets] = [whole(total, random), whole(total, random)];
  const [gallery, others] = [whole(size, random), whole(total * perCandidate, random)];
  const excluded = (i: number) => (i % 3 === 0 ? [] : [i % size, i % size, (i * 7) % size, -1]);
  const of = (data: Float32Array) => ({ data, width });
  const otherTexts = whole(total * 2, random);
  const { ranks, margins, textMargins } = await judgeScores({
    queries: of(queries),
    targets: of(targets),
    gallery: of(gallery),
    others: of(others),
    otherTexts: of(otherTexts),
    excluded,
    marginTo,
  });
  const expectedRanks: number[] = [];
  const expectedMargins: number[] = [];
  const expectedTextMargins: number[] = [];
  for (let i = 0; i < total; i++) {
    const own = plainDot(queries, i, targets, i);
    let rank = 1;
    for (let j = 0; j < size; j++) if (!excluded(i).includes(j) && plainDot(queries, i, gallery, j) > own) rank++;
    const scores = [0, 1, 2].map((j) => plainDot(others, i * perCandidate + j, targets, i));
    const [one = 0, two = 0] = [0, 1].map((j) => plainDot(otherTexts, i * 2 + j, targets, i));
    expectedTextMargins.push(own - (marginTo === 'best' ? Math.max(one, two) : (one + two) / 2));
    expectedRanks.push(rank);
    expectedMargins.push(own - (marginTo === 'best' ? Math.max(...scores) : scores.reduce((a, b) => a + b, 0) / 3));
  }
  expect([...ranks]).toEqual(expectedRanks);
  expect([...(margins ?? [])]).toEqual(expectedMargins);
  expect([...(textMargins ?? [])]).toEqual(expectedTextMargins);
  expect(new Set(expectedRanks).size).toBeGreaterThan(20);
});

test('a case by hand', async () => {
  const rows = (...data: number[]) => ({ data: Float32Array.from(data), width: 2 });
  // The target (1, 0) scores 1; of the gallery one scores 2, one 1, one 0.
  const { ranks, margins, textMargins } = await judgeScores({
    queries: rows(1, 0),
    targets: rows(1, 0),
    gallery: rows(2, 0, 1, 1, 0, 3),
    others: rows(0.5, 9, -0.25, 9),
    marginTo: 'best',
  });
  expect([...ranks]).toEqual([2]);
  expect([...(margins ?? [])]).toEqual([0.5]);
  expect(textMargins).toBeUndefined();
});

test('sizes that do not fit are errors', async () => {
  const rows = (count: number, of = 2) => ({ data: new Float32Array(count * of).fill(1), width: of });
  const fits = { queries: rows(2), targets: rows(2), gallery: rows(3), others: rows(4) };
  await expect(judgeScores({ ...fits, targets: rows(1) })).rejects.toThrow('there are 2 queries and 1 targets');
  await expect(judgeScores({ ...fits, gallery: rows(0) })).rejects.toThrow('the gallery sample is empty');
  await expect(judgeScores({ ...fits, gallery: rows(3, 4) })).rejects.toThrow('not rows of 2');
  await expect(judgeScores({ ...fits, others: rows(3) })).rejects.toThrow(
    'there are 2 queries and 3 queries of other references',
  );
  await expect(judgeScores({ ...fits, otherTexts: rows(3) })).rejects.toThrow('3 queries of other texts');
  await expect(judgeScores({ ...fits, others: rows(0) })).rejects.toThrow('give the same number, 1 or more, for each');
  const broken = { data: Float32Array.of(1, 1, Number.NaN, 1), width: 2 };
  await expect(judgeScores({ ...fits, targets: broken })).rejects.toThrow('target 2');
  const nothing = { queries: rows(0), targets: rows(0), gallery: rows(3), others: rows(0) };
  expect((await judgeScores(nothing)).ranks).toHaveLength(0);
});
