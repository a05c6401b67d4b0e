/** The words and number formats that the Markdown and the HTML report share. */
import { formatDuration } from '../../core/progress.js';
import type { Interval } from './statistics.js';
import type { ExperimentSummary } from './summary.js';
import type { Measurement, MethodRow, Table } from './table.js';

export const count = (value: number) => value.toLocaleString('en');
const percent = (value: number) => value.toFixed(2);
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

/** "27.81 ± 0.30", without the deviation for one seed. */
export const measured = ({ mean, deviation: std }: Measurement) =>
  `${percent(mean)}${std === undefined ? '' : ` ± ${percent(std)}`}`;

/** "[26.10, 29.50]" */
export const interval = ([low, high]: Interval) => `[${percent(low)}, ${percent(high)}]`;

/** "−1.20 [−2.31, −0.11]", or a dash for the method that is compared with. */
export const changed = ({ difference }: Measurement) =>
  difference ? `${signed(difference.mean)} [${difference.interval.map(signed).join(', ')}]` : '–';

export const captionProxyWarning =
  'caption-proxy: BLIP-2 captions stand in for the pictures; never compare with published numbers';

export const heading = ({ name, queries, gallery }: Table) =>
  name === 'average' ? 'Average of the categories' : `${name}: ${count(queries)} queries, gallery of ${count(gallery)}`;

/** The titles of a table's columns. @param base the row that the others are compared with, where it is done */
export const tableHead = (metrics: readonly string[], base: MethodRow | undefined) => [
  'method',
  'parameters',
  'training',
  ...metrics,
  ...(base ? metrics.map((metric) => `${metric} − ${base.label}`) : []),
];

/** "2 of 3 seeds", or nothing where all are done. */
export const seedsOf = (row: MethodRow, seeds: readonly number[]) =>
  row.seeds.length < seeds.length ? `${row.seeds.length} of ${seeds.length} seeds` : '';

/** What was measured, and where, a line each. */
export function setting(summary: ExperimentSummary): string[] {
  const { dataset, tables, seeds, dates, machines, versions, encoders, runs, unfinished } = summary;
  const parts = tables.filter(({ name }) => name !== 'average');
  const sizes = parts.map(({ name, queries, gallery, missing }) => {
    const absent = missing > 0 && !summary.captionProxy ? `, ${count(missing)} pictures missing` : '';
    return `${name === undefined || parts.length === 1 ? '' : `${name} `}${count(queries)} queries over a gallery of ${count(gallery)}${absent}`;
  });
  const tools = versions.map(({ limn, node, onnxruntime }) => `limn ${limn}, Node ${node}, onnxruntime ${onnxruntime}`);
  return [
    `dataset ${dataset.format}${dataset.categories.length > 0 ? ` (${dataset.categories.join(', ')})` : ''}, split ${summary.split}, protocol ${summary.protocol}: ${sizes.join('; ')}`,
    `pictures ${encoders.join('; ') || 'not read yet'}; seeds ${seeds.join(', ')}; training took ${formatDuration(summary.seconds)} in all`,
    ...(dates.length > 0 ? [`${dates.join(' to ')}, ${machines.join('; ')}; ${tools.join('; ')}`] : []),
    ...(unfinished.length > 0 ? [`${unfinished.length} of ${runs} runs are not done: ${listed(unfinished)}`] : []),
  ];
}

/** How to read the numbers, in sentences. */
export function methodNotes({ task, seeds, resamples, compareTo, tables }: ExperimentSummary): string[] {
  const base = tables.flatMap(({ rows }) => rows).find(({ method }) => method === compareTo)?.label;
  return [
    `${task === 'caption' ? 'CIDEr-D times 100, ROUGE-L in percent' : 'Recall in percent'}: mean${seeds.length > 1 ? ` ± sample deviation over ${seeds.length} seeds` : ''}, then the 95 % bootstrap interval over ${task === 'caption' ? 'pairs' : 'queries'} (${count(resamples)} resamples).`,
    ...(base ? [`Differences to ${base} are paired: both methods on the same resampled queries.`] : []),
    'Training is the time of one seed.',
  ];
}

const listed = (ids: readonly string[]) => `${ids.slice(0, 6).join(', ')}${ids.length > 6 ? ', ...' : ''}`;
