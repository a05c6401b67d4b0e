/** Brings the results of an experiment's runs together: one table a category and, where there are several, one of their average. */
import { LimnError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { recallAt } from '../eval/ranking.js';
import type { Experiment } from './config.js';
import { hitsOf, metricOf, type Ranks } from './metrics.js';
import type { PlannedRun } from './plan.js';
import { decodeRanks, type RunResult } from './result.js';
import { bootstrapMeans, deviation, differenceInterval, type Interval, mean, percentileInterval } from './statistics.js';

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

export interface Row {
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
  rows: Row[];
}

export interface Summary {
  format: 'limn-experiment-1';
  name: string;
  title: string;
  note?: string;
  /** Whether captions stand in for the pictures. */
  captionProxy: boolean;
  dataset: { format: string; categories: string[] };
  encoders: string[];
  protocol: string;
  split: string;
  metrics: string[];
  seeds: number[];
  compareTo: string;
  resamples: number;
  tables: Table[];
  /** Ids of the runs that are not done. */
  unfinished: string[];
  runs: number;
  /** Seconds of training of all runs. */
  seconds: number;
  machines: string[];
  versions: RunResult['versions'][];
  /** First and last day, ISO. */
  dates: string[];
  command: string;
}

interface SummaryOptions {
  experiment: Experiment;
  runs: readonly PlannedRun[];
  /** By run id. */
  results: ReadonlyMap<string, RunResult>;
  command: string;
  /** @default 10000 */
  resamples?: number;
}

/** The categories of a table. */
interface Scope {
  name: string | undefined;
  categories: (string | undefined)[];
}

const curveLength = 100;

export function summarize({ experiment, runs, results, command, resamples = 10_000 }: SummaryOptions): Summary {
  const done = runs.flatMap((run) => results.get(run.id) ?? []);
  const scopes: Scope[] = experiment.categories.map((category) => ({ name: category, categories: [category] }));
  if (scopes.length > 1) scopes.unshift({ name: 'average', categories: experiment.categories });
  const { name, title, note, dataset, protocol, split, metrics, compareTo } = experiment;
  const days = done.map(({ date }) => date.slice(0, 10)).sort();
  return {
    format: 'limn-experiment-1',
    name,
    title,
    ...(note === undefined ? {} : { note }),
    captionProxy: 'captions' in experiment.pictures,
    dataset: { format: dataset.format, categories: experiment.categories.flatMap((category) => category ?? []) },
    encoders: unique(done.map(({ model }) => model.encoder)),
    protocol,
    split,
    metrics,
    seeds: unique(runs.map(({ seed }) => seed)),
    compareTo,
    resamples,
    tables: scopes.map((scope) => table(experiment, scope, done, resamples)),
    unfinished: runs.filter(({ id }) => !results.has(id)).map(({ id }) => id),
    runs: runs.length,
    seconds: done.reduce((sum, { training }) => sum + training.seconds, 0),
    machines: unique(done.map(({ machine }) => `${machine.cpu}, ${machine.cores} cores`)),
    versions: uniqueJson(done.map(({ versions }) => versions)),
    dates: unique([days[0], days.at(-1)].flatMap((day) => day ?? [])),
    command,
  };
}

function table(experiment: Experiment, { name, categories }: Scope, done: readonly RunResult[], resamples: number): Table {
  const { methods, metrics, compareTo } = experiment;
  const inScope = done.filter(({ category }) => categories.includes(category));
  const ones = categories.flatMap((category) => inScope.find((result) => result.category === category) ?? []);
  const total = (what: 'queries' | 'gallery' | 'missing') => ones.reduce((sum, result) => sum + result[what], 0);
  checkSameQueries(inScope);

  /** results[seed][category] of the seeds that are done in every category. */
  const present = methods.flatMap((method) => {
    const mine = inScope.filter((result) => result.method === method.id);
    const seeds = unique(mine.map(({ seed }) => seed))
      .map((seed) => categories.flatMap((category) => mine.find((r) => r.seed === seed && r.category === category) ?? []))
      .filter((parts) => parts.length === categories.length)
      .map((parts) => parts.map((result) => ({ result, ranks: ranksOf(result) })));
    return seeds.length > 0 ? [{ method, seeds }] : [];
  });

  const strata = categories.map((_, c) =>
    present.flatMap(({ seeds }) => metrics.map((metric) => averaged(seeds.map((parts) => hitsOf(metric, parts[c]!.ranks))))),
  );
  const resampled = bootstrapMeans(strata, { random: Random.derive(1, `bootstrap ${name ?? ''}`), resamples });
  const base = present.findIndex(({ method }) => method.id === compareTo);

  const rows = present.map(({ method, seeds }, m): Row => {
    const measured = metrics.map((metric, at): [string, Measurement] => {
      const perSeed = seeds.map((parts) => mean(parts.map(({ ranks }) => metricOf(metric, ranks))));
      const spread = deviation(perSeed);
      const series = resampled[m * metrics.length + at] as Float64Array;
      return [
        metric,
        {
          mean: mean(perSeed),
          ...(spread === undefined ? {} : { deviation: spread }),
          perSeed,
          interval: percentileInterval(series),
        },
      ];
    });
    const ks = Array.from({ length: Math.min(curveLength, ...seeds[0]!.map(({ result }) => result.gallery)) }, (_, i) => i + 1);
    const curves = seeds.map((parts) => {
      const each = parts.map(({ ranks }) => recallAt(ranks.ranks, ks));
      return ks.map((k) => mean(each.map((recall) => recall[k] as number)));
    });
    const over = (of: (values: number[]) => number) => ks.map((_, i) => of(curves.map((curve) => curve[i] as number)));
    return {
      method: method.id,
      label: method.label,
      seeds: seeds.map((parts) => parts[0]!.result.seed),
      parameters: Math.max(...seeds.flat().map(({ result }) => result.parameters)),
      seconds: mean(seeds.map((parts) => parts.reduce((sum, { result }) => sum + result.training.seconds, 0))),
      metrics: Object.fromEntries(measured),
      curve: { mean: over(mean), least: over((v) => Math.min(...v)), greatest: over((v) => Math.max(...v)) },
    };
  });

  const reference = rows[base];
  if (reference) {
    for (const [m, row] of rows.entries()) {
      if (m === base) continue;
      for (const [at, metric] of metrics.entries()) {
        const [mine, theirs] = [row.metrics[metric] as Measurement, reference.metrics[metric] as Measurement];
        const series = (method: number) => resampled[method * metrics.length + at] as Float64Array;
        mine.difference = { mean: mine.mean - theirs.mean, interval: differenceInterval(series(m), series(base)) };
      }
    }
  }
  return { name, queries: total('queries'), gallery: total('gallery'), missing: total('missing'), rows };
}

const ranksOf = ({ ranks, subsetRanks = '' }: RunResult): Ranks => ({
  ranks: decodeRanks(ranks),
  subsetRanks: decodeRanks(subsetRanks),
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

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const uniqueJson = <T>(values: readonly T[]): T[] =>
  unique(values.map((value) => JSON.stringify(value))).map((text) => JSON.parse(text) as T);
