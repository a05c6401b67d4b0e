/**
 * The metrics of a report by name, each a mean of hits, so that it can be taken from ranks and resampled query by query: "R@10",
 * "Rsubset@1" (among each query's own subset), "mean(R@10, R@50)", and CIRR's "average" for "mean(R@5, Rsubset@1)". Captioners have
 * "CIDEr-D" (times 100, as it is published) and "ROUGE-L" in percent, means over the pairs.
 */
import { LimnError } from '../../core/errors.js';
import type { Split } from '../data/triplets.js';
import { applyProtocol, checkFits, type Protocol } from '../eval/protocols/index.js';
import type { Experiment } from './config.js';
import { mean } from './statistics.js';

/** The metrics of captioners that are means over the pairs. */
export const captionMetrics = ['CIDEr-D', 'ROUGE-L'] as const;

/** Ranks from 1, one a query; `subsetRanks` is empty where the protocol has no subsets. */
export interface MeasuredRanks {
  ranks: readonly number[];
  subsetRanks: readonly number[];
  /** What each pair adds to a metric of captioners, in percent. */
  scores?: Readonly<Record<string, readonly number[]>>;
}

interface MetricPart {
  of: 'ranks' | 'subsetRanks';
  k: number;
}

/** The recalls that a metric is the mean of; none for a name that is not known. */
function partsOf(metric: string): MetricPart[] {
  if (metric === 'average') return partsOf('mean(R@5, Rsubset@1)');
  const [, list] = /^mean\((.+)\)$/.exec(metric) ?? [];
  const parts = (list ?? metric).split(',').map((name): MetricPart | undefined => {
    const [, subset, k] = /^R(subset)?@([1-9]\d*)$/.exec(name.trim()) ?? [];
    return k === undefined ? undefined : { of: subset ? 'subsetRanks' : 'ranks', k: Number(k) };
  });
  return parts.includes(undefined) ? [] : (parts as MetricPart[]);
}

/** What each query adds to the metric, in percent: the metric is their mean. */
export function hitsOf(metric: string, ranks: MeasuredRanks): Float64Array {
  const scores = ranks.scores?.[metric];
  if (scores) return Float64Array.from(scores);
  const parts = partsOf(metric);
  return Float64Array.from(ranks.ranks, (_, q) => {
    const hit = parts.filter(({ of, k }) => (ranks[of][q] as number) <= k).length;
    return (100 * hit) / parts.length;
  });
}

/** The metric in percent. */
export const metricOf = (metric: string, ranks: MeasuredRanks): number => mean(hitsOf(metric, ranks));

/**
 * @throws LimnError USAGE for a protocol that is not for the dataset, CONFIG for one without answers and for a metric that it
 * does not give on this split, DATA for a split that it does not fit
 */
export function checkMetrics({ file, metrics, dataset, task }: Experiment, protocol: Protocol, split: Split): void {
  checkFits(protocol, dataset.format);
  if (!protocol.answers) {
    throw new LimnError(
      'CONFIG',
      `${file} names the protocol ${protocol.id}, whose answers only a test server knows: choose another.`,
    );
  }
  const refuse = (metric: string, why: string) => new LimnError('CONFIG', `${file} asks for the metric "${metric}"${why}.`);
  if (task === 'caption') {
    const other = metrics.find((metric) => !captionMetrics.some((known) => known === metric));
    if (other !== undefined) throw refuse(other, `, but captioners are measured by ${captionMetrics.join(' and ')}`);
    return;
  }
  const { gallery } = applyProtocol(protocol, split);
  for (const metric of metrics) {
    const parts = partsOf(metric);
    if (parts.length === 0) throw refuse(metric, ': give names such as "R@10" or "mean(R@10, R@50)"');
    if (parts.some(({ of }) => of === 'subsetRanks') && !protocol.subset) {
      throw refuse(metric, `, but the protocol ${protocol.id} has no subsets`);
    }
    const most = Math.max(...parts.filter(({ of }) => of === 'ranks').map(({ k }) => k));
    if (most > gallery.length) throw refuse(metric, `, but the gallery has only ${gallery.length} pictures`);
  }
}
