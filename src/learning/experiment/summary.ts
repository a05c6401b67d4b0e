/** Brings the results of an experiment's runs together: one table a category and, where there are several, one of their average. */
import type { Experiment } from './config.js';
import type { PlannedRun } from './plan.js';
import type { RunResult } from './result.js';
import { type Table, type TableScope, tableOf } from './table.js';

/** The report of an experiment as data. */
export interface ExperimentSummary {
  /** Version of the file. */
  format: 'limn-experiment-1';
  /** The experiment's name. */
  name: string;
  /** Heading of the report. */
  title: string;
  /** What was trained: retrieval or captioning. */
  task: Experiment['task'];
  /** What a reader of the report must know. */
  note?: string;
  /** Whether captions stand in for the pictures. */
  captionProxy: boolean;
  /** The dataset's layout and categories. */
  dataset: { format: string; categories: string[] };
  /** Image encoders of the runs. */
  encoders: string[];
  /** Id of the protocol. */
  protocol: string;
  /** The split that was measured. */
  split: string;
  /** Columns of the tables. */
  metrics: string[];
  /** Seeds of the experiment. */
  seeds: number[];
  /** Id of the method that differences are taken to. */
  compareTo: string;
  /** Bootstrap resamples of each interval. */
  resamples: number;
  /** One for each category and, if there are several, one of their average. */
  tables: Table[];
  /** Ids of the runs that are not done. */
  unfinished: string[];
  /** How many runs are finished. */
  runs: number;
  /** Seconds of training of all runs. */
  seconds: number;
  /** Processors and cores of the machines. */
  machines: string[];
  /** Versions of limn, Node and ONNX Runtime. */
  versions: RunResult['versions'][];
  /** First and last day, ISO. */
  dates: string[];
  /** The command line, without passwords. */
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
