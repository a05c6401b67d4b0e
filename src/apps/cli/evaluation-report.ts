/** What limn evaluate prints and writes of its evaluations. */

import type { Split } from '../../learning/data/triplets.js';
import { remarksOn } from '../../learning/data/usable.js';
import type { RankingReport } from '../../learning/eval/report.js';
import { summarize } from '../../learning/eval/summarize.js';
import { shownCommandLine } from './command-line.js';
import type { Dataset } from './datasets.js';

/** One split that was ranked, and what with. */
export interface Evaluation {
  report: RankingReport & { seconds: number };
  split: Split;
  dataset: Dataset['origin'];
  scored: { model: { hash: string; encoder: string } } | { vectors: { queries: string; gallery: string } };
}

/** What a report says of one evaluation on stdout; ranks go to a file of their own. */
function printed({ report, split, dataset, scored }: Evaluation): object {
  const { ranks: _, subsetRanks: __, rankings: ___, ...numbers } = report;
  const remarks = remarksOn(split);
  return { ...numbers, ...(remarks.length > 0 ? { remarks } : {}), ...scored, dataset };
}

const asFile = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
const nameOf = ({ dataset }: Evaluation) => dataset.category ?? dataset.name;
const summaryOf = (evaluations: readonly Evaluation[]) =>
  summarize(evaluations.map((evaluation) => ({ category: nameOf(evaluation), report: evaluation.report })));

/** Every rank, as JSON. */
export function ranksFile(evaluations: readonly Evaluation[]): string {
  const protocol = evaluations[0]?.report.protocol;
  const reports = evaluations.map(({ dataset, report }) => {
    const { split, ranks, subsetRanks } = report;
    return { dataset, split, ranks, subsetRanks };
  });
  return `${JSON.stringify({ protocol, command: shownCommandLine(), reports })}\n`;
}

/** One report; of several categories their summary, and each. */
export function asJson(evaluations: readonly Evaluation[]): string {
  const [first] = evaluations as [Evaluation];
  if (evaluations.length === 1) return asFile({ ...printed(first), command: shownCommandLine() });
  return asFile({ ...summaryOf(evaluations), reports: evaluations.map(printed), command: shownCommandLine() });
}

export function asText(evaluations: readonly Evaluation[]): string {
  const blocks = evaluations.map((evaluation) => {
    const { report, scored, split } = evaluation;
    const counts = `${report.queries} queries, gallery of ${report.gallery}, ${report.missing} pictures missing`;
    const source =
      'model' in scored
        ? `model ${scored.model.hash.slice(0, 12)}, encoder ${scored.model.encoder}`
        : `query vectors ${scored.vectors.queries.slice(0, 12)}, gallery vectors ${scored.vectors.gallery.slice(0, 12)}`;
    const head = `${nameOf(evaluation)} ${report.split}, protocol ${report.protocol}: ${counts}`;
    return [
      head,
      ...metricLines(report.metrics),
      ...chanceLine(report.chance),
      ...remarksOn(split).map((remark) => `note: ${remark}`),
      source,
      '',
    ].join('\n');
  });
  if (evaluations.length === 1) return blocks.join('');
  const { categories, metrics } = summaryOf(evaluations);
  const averages = Object.entries(metrics).filter(([name]) => !categories.some((category) => name.startsWith(`${category} `)));
  const means = metricLines(Object.fromEntries(averages));
  return [...blocks, [`average of ${categories.join(', ')}`, ...means, ''].join('\n')].join('\n');
}

/** What a random ranking would have, so that nobody takes chance for skill. */
function chanceLine(chance: Readonly<Record<string, number>>): string[] {
  const shown = Object.entries(chance).map(([name, percent]) => `${name} ${percent.toFixed(2)}`);
  return shown.length > 0 ? [`by chance  ${shown.join(', ')}`] : [];
}

function metricLines(metrics: Readonly<Record<string, number>>): string[] {
  return Object.entries(metrics).map(([name, percent]) => `${name.padEnd(10)} ${percent.toFixed(2).padStart(6)}`);
}
