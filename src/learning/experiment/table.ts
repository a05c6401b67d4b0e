/** One table of a report: the methods' measurements over seeds, with intervals and differences. */
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { recallAt } from '../eval/ranking.js';
import type { Experiment, ExperimentMethod } from './config.js';
import { hitsOf, type MeasuredRanks, metricOf } from './metrics.js';
import { decodeRanks, decodeScores, type RunResult } from './result.js';
import { bootstrapMeans, differenceInterval, type Interval, mean, percentileInterval, std } from './statistics.js';

export interface Measurement {
  /** Over seeds, in percent. */
  mean: number;
  /** Sample deviation over seeds; absent for one seed. */
  deviation?: number;
  perSeed: number[];
  /** 95 % bootstrap interval over queries. */
  interval: Interval;
  /** To the method that is compared with; paired over queries. */
  difference?: { mean: number; interval: Interval };
}

export interface MethodRow {
  method: string;
  label: string;
  /** Seeds whose runs are done. */
  seeds: number[];
  parameters: number;
  /** Mean seconds of one seed's training, all categories of the table together. */
  seconds: number;
  metrics: Record<string, Measurement>;
  /** Recall at 1, 2, ... of the mean over seeds, with the least and the greatest of the seeds. */
  curve: { mean: number[]; least: number[]; greatest: number[] };
}

export interface Table {
  /** The category, or "average"; undefined where the dataset is one. */
  name: string | undefined;
  queries: number;
  gallery: number;
  missing: number;
  rows: MethodRow[];
}

/** The categories of a table. */
export interface TableScope {
  name: string | undefined;
  categories: (string | undefined)[];
}

/** The runs of one method: seeds[s][c] is its result of seed s in category c; only seeds that are done in every category. */
interface Present {
  method: ExperimentMethod;
  seeds: { result: RunResult; ranks: MeasuredRanks }[][];
}

const curveLength = 100;

export function tableOf(
  { methods, metrics, compareTo }: Experiment,
  { name, categories }: TableScope,
  done: readonly RunResult[],
  resamples: number,
): Table {
  const inScope = done.filter(({ category }) => categories.includes(category));
  checkSameQueries(inScope);
  const present = methods.flatMap((method) => presentOf(method, categories, inScope));
  const strata = categories.map((_, c) =>
    present.flatMap(({ seeds }) => metrics.map((metric) => averaged(seeds.map((parts) => hitsOf(metric, parts[c]!.ranks))))),
  );
  const resampled = bootstrapMeans(strata, { random: Random.derive(1, `bootstrap ${name ?? ''}`), resamples });
  const seriesOf = (method: number, metric: number) => resampled[method * metrics.length + metric] as Float64Array;
  const rows = present.map((one, m) => rowOf(one, metrics, (metric) => percentileInterval(seriesOf(m, metric))));

  const base = rows.findIndex(({ method }) => method === compareTo);
  for (const [m, row] of rows.entries()) {
    if (base < 0 || m === base) continue;
    for (const [at, metric] of metrics.entries()) {
      const [mine, theirs] = [row.metrics[metric]!, rows[base]!.metrics[metric]!];
      mine.difference = { mean: mine.mean - theirs.mean, interval: differenceInterval(seriesOf(m, at), seriesOf(base, at)) };
    }
  }
  const firsts = categories.flatMap((category) => inScope.find((result) => result.category === category) ?? []);
  const total = (what: 'queries' | 'gallery' | 'missing') => firsts.reduce((sum, result) => sum + result[what], 0);
  return { name, queries: total('queries'), gallery: total('gallery'), missing: total('missing'), rows };
}

/** Nothing for a method without a seed that is done in every category. */
function presentOf(method: ExperimentMethod, categories: TableScope['categories'], results: readonly RunResult[]): Present[] {
  const mine = results.filter((result) => result.method === method.id);
  const seeds = [...new Set(mine.map(({ seed }) => seed))]
    .map((seed) => categories.flatMap((category) => mine.find((one) => one.seed === seed && one.category === category) ?? []))
    .filter((parts) => parts.length === categories.length)
    .map((parts) => parts.map((result) => ({ result, ranks: ranksOf(result) })));
  return seeds.length > 0 ? [{ method, seeds }] : [];
}

function rowOf({ method, seeds }: Present, metrics: readonly string[], intervalOf: (metric: number) => Interval): MethodRow {
  const measured = metrics.map((metric, at): [string, Measurement] => {
    const perSeed = seeds.map((parts) => mean(parts.map(({ ranks }) => metricOf(metric, ranks))));
    const spread = std(perSeed);
    const interval = intervalOf(at);
    return [metric, { mean: mean(perSeed), ...(spread === undefined ? {} : { deviation: spread }), perSeed, interval }];
  });
  return {
    method: method.id,
    label: method.label,
    seeds: seeds.map((parts) => parts[0]!.result.seed),
    parameters: Math.max(...seeds.flat().map(({ result }) => result.parameters)),
    seconds: mean(seeds.map((parts) => parts.reduce((sum, { result }) => sum + result.training.seconds, 0))),
    metrics: Object.fromEntries(measured),
    curve: curveOf(seeds),
  };
}

function curveOf(seeds: Present['seeds']): MethodRow['curve'] {
  // Captioners have no ranks and no curve.
  const ranked = seeds[0]!.every(({ ranks }) => ranks.ranks.length > 0);
  const length = ranked ? Math.min(curveLength, ...seeds[0]!.map(({ result }) => result.gallery)) : 0;
  const ks = Array.from({ length }, (_, i) => i + 1);
  const curves = seeds.map((parts) => {
    const each = parts.map(({ ranks }) => recallAt(ranks.ranks, ks));
    return ks.map((k) => mean(each.map((recall) => recall[k] as number)));
  });
  const over = (of: (values: number[]) => number) => ks.map((_, i) => of(curves.map((curve) => curve[i] as number)));
  return { mean: over(mean), least: over((values) => Math.min(...values)), greatest: over((values) => Math.max(...values)) };
}

const ranksOf = ({ ranks, subsetRanks = '', scores = {} }: RunResult): MeasuredRanks => ({
  ranks: decodeRanks(ranks),
  subsetRanks: decodeRanks(subsetRanks),
  scores: Object.fromEntries(Object.entries(scores).map(([metric, text]) => [metric, decodeScores(text)])),
});

/** The mean of several series, place by place. */
const averaged = (series: readonly Float64Array[]): Float64Array =>
  (series[0] as Float64Array).map((_, q) => mean(series.map((one) => one[q] as number)));

/** Pairing needs one and the same list of queries. */
function checkSameQueries(results: readonly RunResult[]): void {
  const first = new Map<string | undefined, RunResult>();
  for (const result of results) {
    const other = first.get(result.category) ?? result;
    first.set(result.category, other);
    if (other.queries === result.queries && other.hash.data === result.hash.data) continue;
    const name = ({ method, category, seed }: RunResult) => [method, category, `seed-${seed}`].filter(Boolean).join('/');
    throw new LimnError(
      'DATA',
      `${name(other)} and ${name(result)} were measured on different data, so they cannot be compared: delete the older run's folder.`,
    );
  }
}
