import { expect, test } from 'vitest';
import { summarize } from './summarize.js';

const report = (ten: number, fifty: number, more: object = {}) => ({
  ...{ protocol: 'fashioniq-val', split: 'val', queries: 10, gallery: 100, missing: 1 },
  metrics: { 'R@10': ten, 'R@50': fifty },
  ...more,
});

test('averages over categories and the mean of both', () => {
  const summary = summarize([
    { category: 'dress', report: report(10, 40) },
    { category: 'shirt', report: report(20, 50, { queries: 20 }) },
    { category: 'toptee', report: report(60, 90) },
  ]);
  expect(summary).toMatchObject({ protocol: 'fashioniq-val', split: 'val', queries: 40, gallery: 300, missing: 3 });
  expect(summary.metrics).toEqual({
    ...{ 'dress R@10': 10, 'dress R@50': 40, 'shirt R@10': 20, 'shirt R@50': 50, 'toptee R@10': 60, 'toptee R@50': 90 },
    ...{ 'R@10': 30, 'R@50': 60, mean: 45 },
  });
});

test('reports that were made in different ways are not mixed', () => {
  expect(() => summarize([])).toThrow('There is nothing to sum up');
  const dress = { category: 'dress', report: report(1, 2) };
  expect(() => summarize([dress, { category: 'shirt', report: report(1, 2, { protocol: 'fashioniq-original' }) }])).toThrow(
    'shirt was evaluated with fashioniq-original on val (R@10, R@50) and dress with fashioniq-val on val (R@10, R@50); evaluate all',
  );
  expect(() => summarize([dress, { category: 'shirt', report: report(1, 2, { metrics: { 'R@1': 3 } }) }])).toThrow(
    'evaluate all',
  );
});
