/** Brings the results of an experiment's runs together: one table a category and, where there are several, one of their average. */
import type { Experiment } from './config.js';
import type { PlannedRun } from './plan.js';
import type { RunResult } from './result.js';
import { type Table, type TableScope, tableOf } from './table.js';

export interface ExperimentSummary {
  format: 'limn-experiment-1';
  name: string;
  title: string;
  task: Experiment['task'];
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

export function summarize({ experiment, runs, results, command, resamples = 10_000 }: SummaryOptions): ExperimentSummary {
  const done = runs.flatMap((run) => results.get(run.id) ?? []);
  const scopes: TableScope[] = experiment.categories.map((category) => ({ name: category, categories: [category] }));
  if (scopes.length > 1) scopes.unshift({ name: 'average', categories: experiment.categories });
  const { name, title, task, note, dataset, protocol, split, metrics, compareTo } = experiment;
  const days = done.map(({ date }) => date.slice(0, 10)).sort();
  return {
    format: 'limn-experiment-1',
    name,
    title,
    task,
    ...(note === undefined ? {} : { note }),
    captionProxy: 'captions' in experiment.images,
    dataset: { format: dataset.format, categories: experiment.categories.flatMap((category) => category ?? []) },
    encoders: unique(done.map(({ model }) => model.encoder)),
    protocol,
    split,
    metrics,
    seeds: unique(runs.map(({ seed }) => seed)),
    compareTo,
    resamples,
    tables: scopes.map((scope) => tableOf(experiment, scope, done, resamples)),
    unfinished: runs.filter(({ id }) => !results.has(id)).map(({ id }) => id),
    runs: runs.length,
    seconds: done.reduce((sum, { training }) => sum + training.seconds, 0),
    machines: unique(done.map(({ machine }) => `${machine.cpu}, ${machine.cores} cores`)),
    versions: uniqueJson(done.map(({ versions }) => versions)),
    dates: unique([days[0], days.at(-1)].flatMap((day) => day ?? [])),
    command,
  };
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const uniqueJson = <T>(values: readonly T[]): T[] =>
  unique(values.map((value) => JSON.stringify(value))).map((text) => JSON.parse(text) as T);
