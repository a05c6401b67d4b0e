/** The report as Markdown, and as one section of a Markdown file between two markers. */
import { LimnError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { formatDuration } from '../../core/progress.js';
import { readText } from '../../core/text-file.js';
import type { ExperimentSummary } from './summary.js';
import type { MethodRow, Table } from './table.js';
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
} from './wording.js';

export function asMarkdown(summary: ExperimentSummary): string {
  const several = summary.tables.length > 1;
  const parts = [
    `## ${summary.title}`,
    ...(summary.captionProxy ? [`**${captionProxyWarning}**`] : []),
    ...(summary.note ? [summary.note] : []),
    setting(summary)
      .map((line) => `- ${line}`)
      .join('\n'),
    ...summary.tables.flatMap((table) => [...(several ? [`### ${heading(table)}`] : []), tableOf(summary, table)]),
    methodNotes(summary).join(' '),
    `\`\`\`sh\n${summary.command}\n\`\`\``,
  ];
  return `${parts.join('\n\n')}\n`;
}

function tableOf(summary: ExperimentSummary, { rows }: Table): string {
  if (rows.length === 0) return 'No run is done yet.';
  const { metrics, compareTo, seeds } = summary;
  const base = rows.find(({ method }) => method === compareTo);
  const head = tableHead(metrics, base);
  const line = (row: MethodRow) => [
    `${row.label}${seedsOf(row, seeds) ? ` (${seedsOf(row, seeds)})` : ''}`,
    count(row.parameters),
    formatDuration(row.seconds),
    ...metrics.map((metric) => `${measured(row.metrics[metric]!)} ${interval(row.metrics[metric]!.interval)}`),
    ...(base ? metrics.map((metric) => changed(row.metrics[metric]!)) : []),
  ];
  const cells = [head, head.map((_, at) => (at === 0 ? '---' : '---:')), ...rows.map(line)];
  return cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

/**
 * Writes or replaces the experiment's section of a Markdown file; everything else in it stays as it is.
 *
 * @throws LimnError DATA when one of the section's two markers is missing
 */
export async function writeSection(path: string, name: string, markdown: string): Promise<void> {
  const [start, end] = [`<!-- experiment:${name} -->`, `<!-- /experiment:${name} -->`];
  const before = await readText(path, 'a Markdown file').catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return '';
    throw error;
  });
  const [from, to] = [before.indexOf(start), before.indexOf(end)];
  if (from < 0 !== to < 0 || to < from) {
    throw new LimnError(
      'DATA',
      `${path} has only one of the markers ${start} and ${end}, or they are in the wrong order: correct it.`,
    );
  }
  const section = `${start}\n${markdown}${end}`;
  const after =
    from < 0
      ? `${before}${before === '' || before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n'}${section}\n`
      : before.slice(0, from) + section + before.slice(to + end.length);
  await writeFileAtomic(path, after);
}
