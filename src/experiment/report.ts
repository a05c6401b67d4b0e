/** Writes the report of an experiment: results.json, results.md and report.html in its folder. */
import { join } from 'node:path';
import { writeFileAtomic } from '../core/files.js';
import type { Experiment } from './config.js';
import { asMarkdown, writeSection } from './markdown.js';
import { type PlannedRun, resultsOf } from './plan.js';
import { type Summary, summarize } from './summary.js';

export interface ReportOptions {
  experiment: Experiment;
  runs: readonly PlannedRun[];
  out: string;
  command: string;
  /** A Markdown file that gets the experiment's section. */
  docs?: string | undefined;
}

/** Reports the runs that are done, and names those that are not. @throws LimnError as {@link resultsOf} */
export async function writeReport({ experiment, runs, out, command, docs }: ReportOptions): Promise<Summary> {
  const results = await resultsOf(runs);
  const summary = summarize({ experiment, runs, results, command });
  const markdown = asMarkdown(summary);
  await writeFileAtomic(join(out, 'results.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  await writeFileAtomic(join(out, 'results.md'), markdown);
  if (docs !== undefined) await writeSection(docs, experiment.name, markdown);
  return summary;
}
