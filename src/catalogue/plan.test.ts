import { expect, it, test } from 'vitest';
import type { ProgressEvent } from '../core/progress.js';
import type { RankingReport } from '../learning/eval/report.js';
import { batchSizeOf, planTraining, planWithPlus } from './plan.js';
import { planPlus } from './plan-plus.js';
import { WholeTime } from './stages.js';
import { isClearlyBetter, verdict } from './verdict.js';

const size = { width: 256, factors: 8, heads: 8 };
const input = { triplets: 12_800, validation: 3000, batchSize: 128, size, stepSeconds: 0.5 };

it('more time gives more epochs, then a larger model; what is planned fits', () => {
  const plans = [60, 300, 1200, 3600].map((seconds) => ({ seconds, plan: planTraining({ ...input, seconds }) }));
  for (const { seconds, plan } of plans.slice(1)) expect(plan.trainSeconds).toBeLessThanOrEqual(seconds * 1.01);
  const widths = plans.map(({ plan }) => plan.size.width);
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(widths.at(-1)).toBe(256);
  for (const { plan } of plans) {
    expect(plan.epochs).toBeGreaterThanOrEqual(1);
    expect(plan.epochs).toBeLessThanOrEqual(30);
  }
});

it('half of the time is kept for LIMN+ where there are enough triplets, and LIMN keeps its size and enough steps', () => {
  const ample = { ...input, seconds: 1200 };
  expect(planWithPlus(ample, true)).toEqual({ ...planTraining({ ...ample, seconds: 600 }), keepsTime: true });
  expect(planWithPlus(ample, false)).toEqual(planTraining(ample));
  const short = { ...input, seconds: 60 };
  expect(planWithPlus(short, true)).toEqual(planTraining(short));
  const few = { ...ample, triplets: 999, batchSize: 64 };
  expect(planWithPlus(few, true)).toEqual(planTraining(few));
});

it('LIMN+ is as much as there is time for, and is not begun for less than a third of it', () => {
  const plan = planTraining({ ...input, seconds: 1200 });
  const common = { plan, triplets: 12_800, images: 3000, stepSeconds: 0.5, hasCaptioner: false };
  const ample = planPlus({ ...common, seconds: 1e6 });
  expect(ample.plus).toMatchObject({ pairs: 4000, captionerEpochs: Math.min(12, plan.epochs) });
  const plans = [0.2, 0.4, 0.7].map((share) => planPlus({ ...common, seconds: (share * ample.needed) / 0.8 }));
  expect(plans[0]?.plus).toBeUndefined();
  expect(plans[0]?.needed).toBeGreaterThan(0.2 * ample.needed);
  for (const [i, share] of [0.4, 0.7].entries()) {
    const { plus } = plans[i + 1] as (typeof plans)[number];
    expect(plus?.seconds).toBeLessThanOrEqual(share * ample.needed);
    expect(plus?.pairs).toBeLessThan(4000);
  }
  expect(planPlus({ ...common, hasCaptioner: true, seconds: 1e6 }).plus?.captionerEpochs).toBe(0);
});

it('a batch leaves several steps in an epoch', () => {
  expect([2, 13, 100, 840, 10_000].map(batchSizeOf)).toEqual([2, 2, 16, 128, 128]);
});

it('the time left is that of the stage by its own progress, and of the stages behind it', async () => {
  let now = 0;
  const seen: ProgressEvent[] = [];
  const time = new WholeTime(
    (event) => seen.push(event),
    () => now,
  );
  time.expect('train', 100);
  time.expect('index', 40);
  await time.in('train', async (onProgress) => {
    now = 10;
    onProgress?.({ stage: 'read', done: 1, total: 2 });
    onProgress?.({ stage: 'train', done: 0, total: 10, note: 'loss 1' });
    now = 30;
    onProgress?.({ stage: 'train', done: 1, total: 10 });
  });
  expect(seen.map(({ note, leftInAll }) => ({ note, leftInAll }))).toEqual([
    { note: undefined, leftInAll: 130 },
    { note: 'loss 1', leftInAll: 130 },
    { note: undefined, leftInAll: 220 },
  ]);
  expect(time.left()).toBe(40);
});

const report = (found: number, queries = 100): RankingReport =>
  ({
    queries,
    ranks: Array.from({ length: queries }, (_, i) => (i < found ? 1 : 50)),
    metrics: { 'R@10': (100 * found) / queries },
    chance: { 'R@10': 10 },
  }) as unknown as RankingReport;

test.each([
  ['good', 60, 30, 20, []],
  ['as chance', 12, 5, 5, [/not clearly better than chance: R@10 12.0, by chance 10.0/]],
  ['as the texts', 60, 58, 20, [/not clearly better than the texts alone \(58.0\)/]],
  ['as either', 60, 59, 61, [/the texts alone \(59.0\) and the images alone \(61.0\)/]],
] as const)('a model that is %s', (_, both, text, image, expected) => {
  const found = verdict({ both: report(both), text: report(text), image: report(image), k: 10, isPatch: false, images: 900 });
  for (const [i, pattern] of expected.entries()) expect(found[i]).toMatch(pattern);
  expect(found.length > 0).toBe(expected.length > 0);
});

it('a patch encoder with few images is named, with what helps', () => {
  const sides = { both: report(60), text: report(20), image: report(20), k: 10 };
  expect(verdict({ ...sides, isPatch: true, images: 240 }).join()).toMatch(/patch encoder.*240 images.*5,000.*--encoder/);
  expect(verdict({ ...sides, isPatch: true, images: 6000 })).toEqual([]);
});

it('the same ranks are not better than themselves, and one win is luck', () => {
  expect(isClearlyBetter([1, 1, 50], [1, 1, 50], 10)).toBe(false);
  expect(isClearlyBetter([1, 50], [50, 50], 10)).toBe(false);
  expect(isClearlyBetter(Array(9).fill(1), Array(9).fill(50), 10)).toBe(true);
});
