import { expect, it } from 'vitest';
import { displayWidth } from '../../../core/display-width.js';
import type { EvaluationReport } from '../../../learning/eval/evaluate.js';
import { contestants } from './recipe.js';
import { asText, summaryOf } from './summary.js';

const report = (ten: number) =>
  ({
    queries: 700,
    gallery: 700,
    recall: { 1: 2.5, 10: ten, 50: 61 },
    chance: { 'R@1': 0.14, 'R@10': 1.43, 'R@50': 7.15 },
  }) as unknown as EvaluationReport;

const summary = summaryOf([report(60), report(25), report(20)], {
  followed: { reference: 'w1', text: 'is red', ranks: [{ epoch: 1, rank: 41 }] },
  seconds: { searchable: 45, whole: 250 },
  files: { searches: '/a/searches.html', gallery: '/a/gallery', model: '/a/limn' },
});

it('has every model and chance, by K', () => {
  expect(summary.models.map(({ name }) => name)).toEqual(contestants.map(({ name }) => name));
  expect(summary.chance).toEqual({ 1: 0.14, 10: 1.43, 50: 7.15 });
});

it('draws bars to one scale, chance in the last, in 80 columns', () => {
  const lines = asText(summary).split('\n');
  const rows = lines.filter((line) => line.includes('█') || line.startsWith('by chance'));
  expect(rows).toHaveLength(4);
  for (const line of rows) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  const length = (row: string | undefined) => (row?.match(/█/g) ?? []).length;
  expect(length(rows[0])).toBe(14);
  expect(length(rows[1])).toBe(6);
  expect(rows[3]).toMatch(/by chance +0\.1 +1\.4 +7\.\d {2}[▏▎▍▌]$/);
});
