/** One row out of the reports of several categories, as FashionIQ's three are published. */
import { LimnError } from '../../core/errors.js';
import type { RankingReport } from './report.js';

/** The report of one category, for {@link summarize}. */
export interface CategoryReport {
  /** Name of the category. */
  category: string;
  /** Its report. */
  report: Pick<RankingReport, 'protocol' | 'split' | 'queries' | 'gallery' | 'missing' | 'metrics'>;
}

/** What {@link summarize} computes from the reports of several categories. */
export interface Summary {
  /** Id of the protocol, the same for all. */
  protocol: string;
  /** Name of the split, the same for all. */
  split: string;
  /** Names of the categories. */
  categories: string[];
  /** Sums over the categories. */
  queries: number;
  /** Sum of the gallery sizes. */
  gallery: number;
  /** Sum of the absent images. */
  missing: number;
  /**
   * In percent: every metric of every category ("dress R@10"), its average over the categories, each weighing the same
   * ("R@10"), and "mean", the mean of the averages of R@10 and R@50, where both are there.
   */
  metrics: Record<string, number>;
}

/** @throws LimnError USAGE when there are no reports, or they are of several protocols, splits or metrics */
export function summarize(reports: readonly CategoryReport[]): Summary {
  const [first] = reports;
  if (!first) throw new LimnError('USAGE', 'There is nothing to sum up; give the report of at least one category.');
  const { protocol, split } = first.report;
  const names = Object.keys(first.report.metrics);
  for (const { category, report } of reports) {
    const differs = report.protocol !== protocol || report.split !== split || Object.keys(report.metrics).join() !== names.join();
    if (!differs) continue;
    const what = (one: CategoryReport['report']) => `${one.protocol} on ${one.split} (${Object.keys(one.metrics).join(', ')})`;
    const message = `${category} was evaluated with ${what(report)} and ${first.category} with ${what(first.report)}; evaluate all in the same way.`;
    throw new LimnError('USAGE', message);
  }
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const total = (key: 'queries' | 'gallery' | 'missing') => sum(reports.map(({ report }) => report[key]));
  const single = reports.flatMap(({ category, report: { metrics } }) =>
    names.map((name): [string, number] => [`${category} ${name}`, metrics[name] as number]),
  );
  const averages = Object.fromEntries(
    names.map((name) => [name, sum(reports.map(({ report }) => report.metrics[name] as number)) / reports.length]),
  );
  const { 'R@10': ten, 'R@50': fifty } = averages;
  const mean = ten === undefined || fifty === undefined ? {} : { mean: (ten + fifty) / 2 };
  return {
    protocol,
    split,
    categories: reports.map(({ category }) => category),
    queries: total('queries'),
    gallery: total('gallery'),
    missing: total('missing'),
    metrics: { ...Object.fromEntries(single), ...averages, ...mean },
  };
}
