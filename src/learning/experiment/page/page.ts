/** The report as one HTML page that needs no other file. */
import { escaped, htmlPage } from '../../../core/html.js';
import { formatDuration } from '../../../core/progress.js';
import type { ExperimentSummary } from '../summary.js';
import type { Measurement, MethodRow, Table } from '../table.js';
import {
  captionProxyWarning,
  changed,
  count,
  heading,
  interval,
  measured,
  methodNotes,
  seedsOf,
  setting,
  tableHead,
} from '../wording.js';
import { recallCurves } from './curves.js';
import { experimentStyle } from './style.js';

export interface Examples {
  heading: string;
  /** HTML. */
  rankings: string;
}

export function experimentPage(summary: ExperimentSummary, examples: readonly Examples[] = []): string {
  const sections = summary.tables.map((table) => tableSection(summary, table));
  const shown = examples.map(({ heading, rankings }) => `<section><h2>${escaped(heading)}</h2>${rankings}</section>`);
  const facts = setting(summary).map((line) => `<li>${escaped(line)}</li>`);
  return htmlPage({
    title: summary.title,
    style: experimentStyle,
    header: `${summary.note ? `<p class="about">${escaped(summary.note)}</p>` : ''}
${summary.captionProxy ? `<p class="warning">${escaped(captionProxyWarning)}</p>` : ''}
<ul class="facts">${facts.join('')}</ul>`,
    main: [...sections, ...shown].join('\n'),
    footer: `${methodNotes(summary)
      .map((note) => `<p>${escaped(note)}</p>`)
      .join('')}<pre>${escaped(summary.command)}</pre>`,
  });
}

function tableSection(summary: ExperimentSummary, table: Table): string {
  const title = table.name === undefined ? 'Results' : heading(table);
  if (table.rows.length === 0) return `<section><h2>${escaped(title)}</h2><p>No run is done yet.</p></section>`;
  return `<section>
<h2>${escaped(title)}</h2>
<div class="scroll">${tableOf(summary, table)}</div>
${summary.task === 'caption' ? '' : recallCurves(table.rows, summary.compareTo)}
</section>`;
}

function tableOf({ metrics, compareTo, seeds }: ExperimentSummary, { rows }: Table): string {
  const base = rows.find(({ method }) => method === compareTo);
  const scales = new Map(metrics.map((metric) => [metric, scaleOf(rows.map((row) => row.metrics[metric] as Measurement))]));
  const head = tableHead(metrics, base);
  const line = (row: MethodRow) => {
    const values = metrics.map((metric) => {
      const value = row.metrics[metric] as Measurement;
      const reference = base?.metrics[metric]?.mean;
      return `<td>${measured(value)}<small>${interval(value.interval)}</small>${intervalBar(value, scales.get(metric)!, reference)}</td>`;
    });
    const changes = base ? metrics.map((metric) => changeCell(row.metrics[metric] as Measurement)) : [];
    const first = `<td>${escaped(row.label)}${seedsOf(row, seeds) ? `<small>${seedsOf(row, seeds)}</small>` : ''}</td>`;
    return `<tr${row === base ? ' class="base"' : ''}>${first}<td>${count(row.parameters)}</td><td>${formatDuration(row.seconds)}</td>${values.join('')}${changes.join('')}</tr>`;
  };
  const titles = head.map((title) => `<th scope="col">${escaped(title)}</th>`).join('');
  return `<table><thead><tr>${titles}</tr></thead><tbody>${rows.map(line).join('')}</tbody></table>`;
}

/** Coloured where the interval leaves 0 out. */
function changeCell(value: Measurement): string {
  const [low, high] = value.difference?.interval ?? [0, 0];
  const kind = low > 0 ? ' class="better"' : high < 0 ? ' class="worse"' : '';
  const [mean, rest] = changed(value).split(' [');
  return `<td${kind}>${mean}${rest === undefined ? '' : `<small>[${rest}</small>`}</td>`;
}

type Scale = readonly [low: number, high: number];

function scaleOf(values: readonly Measurement[]): Scale {
  const [low, high] = [Math.min(...values.map((v) => v.interval[0])), Math.max(...values.map((v) => v.interval[1]))];
  return [low, high > low ? high : low + 1];
}

/** The interval and the mean on the column's scale; the dashed line is the mean of the method that is compared with. */
function intervalBar({ mean, interval: [low, high] }: Measurement, [from, to]: Scale, reference: number | undefined): string {
  const x = (value: number) => (4 + (124 * (value - from)) / (to - from)).toFixed(1);
  const line = reference === undefined ? '' : `<line class="zero" x1="${x(reference)}" x2="${x(reference)}" y1="0" y2="12"/>`;
  return `<svg viewBox="0 0 132 12" aria-hidden="true"><line class="range" x1="${x(low)}" x2="${x(high)}" y1="6" y2="6"/>${line}<circle class="point" cx="${x(mean)}" cy="6" r="3.5"/></svg>`;
}
