import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Split } from '../../../learning/data/triplets.js';
import { addRank, followedQuery, introduction, medianOf, rankLine, readHistory } from './followed-query.js';

const split = {
  triplets: Array.from({ length: 7 }, (_, i) => ({
    reference: `w${i}`,
    targets: ['t'],
    text: i === 3 || i === 5 ? `text ${i}` : `a text ${i}`,
    captions: [],
    source: '',
  })),
} as unknown as Split;

it('is the first with the fewest words, and its introduction says so', () => {
  expect(followedQuery(split).index).toBe(3);
  expect(introduction(split)).toMatch(
    /image w3, "text 3" \(number 4 of 7 validation queries, the first of those with the fewest words/,
  );
});

it('keeps its ranks, and those of an epoch that is trained again in place of the former', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-followed-'));
  try {
    expect(await readHistory(folder)).toEqual([]);
    const first = await addRank(folder, [], 1, 41);
    await addRank(folder, await addRank(folder, first, 2, 30), 3, 20);
    const again = await addRank(folder, await readHistory(folder), 2, 12);
    expect(rankLine(again, 699)).toBe('target at 41 -> 12 of 699');
    expect(await readHistory(folder)).toEqual(again);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('has beside it the rank that half of the queries reach', () => {
  expect(medianOf([90, 1, 5])).toBe(5);
  expect(medianOf([4, 1, 90, 2])).toBe(2);
});
