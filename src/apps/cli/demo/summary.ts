/** What a demo has found: for people, and for programs (`--json`, and summary.json in its folder). */

import { formatDuration } from '../../../core/progress.js';
import type { EvaluationReport } from '../../../learning/eval/evaluate.js';
import { bar } from '../bar-chart.js';
import type { RankHistory } from './followed-query.js';
import { contestants, protocolId, training } from './recipe.js';

export interface DemoSummary {
  protocol: string;
  queries: number;
  /** Images that are ranked. */
  gallery: number;
  epochs: number;
  /** Recall in percent, by K. */
  models: { name: string; recall: Record<string, number> }[];
  /** What a random ranking is expected to have of it. */
  chance: Record<string, number>;
  /** The query whose rank was told after every epoch. */
  followed: { reference: string; text: string; ranks: RankHistory };
  /** Seconds until there was something to search, and of the whole; less where an earlier demo had done a part. */
  seconds: { searchable: number; whole: number };
  /** Where things are: the page of example searches, the gallery and the model. */
  files: { searches: string; gallery: string; model: string };
}

/** @param reports of the contestants, in their order */
export function summaryOf(
  reports: readonly EvaluationReport[],
  rest: Pick<DemoSummary, 'followed' | 'seconds' | 'files'>,
): DemoSummary {
  const [first] = reports as readonly [EvaluationReport, ...EvaluationReport[]];
  return {
    protocol: protocolId,
    queries: first.queries,
    gallery: first.gallery,
    epochs: training.epochs,
    models: reports.map(({ recall }, i) => ({ name: contestants[i]?.name ?? '', recall })),
    chance: Object.fromEntries(Object.entries(first.chance).map(([name, percent]) => [name.slice('R@'.length), percent])),
    ...rest,
  };
}

const ks = ['1', '10', '50'];
const barColumns = 24;

/** A table with a bar for R@10, chance in its last row; at most 80 columns wide. */
export function asText({ queries, gallery, models, chance, files, seconds }: DemoSummary): string {
  const row = (name: string, recall: Readonly<Record<string, number>>) => {
    const cells = ks.map((k) => (recall[k] ?? 0).toFixed(1).padStart(7)).join('');
    return `${name.padEnd(24)}${cells}  ${bar(recall['10'] ?? 0, barColumns)}`;
  };
  return [
    '',
    `${queries} validation queries, ${gallery} images (${protocolId})`,
    `${'recall in percent'.padEnd(24)}${ks.map((k) => `R@${k}`.padStart(7)).join('')}  R@10 of 100`,
    ...models.map(({ name, recall }) => row(name, recall)),
    row('by chance', chance),
    '',
    `Three example searches: ${files.searches}`,
    `Searchable after ${formatDuration(seconds.searchable)}; took ${formatDuration(seconds.whole)} in all.`,
    '',
  ].join('\n');
}
