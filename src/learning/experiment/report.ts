/** Writes the report of an experiment: results.json, results.md and report.html in its folder. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../core/files.js';
import { sweepTemporary } from '../../core/leftovers.js';
import { ImageCaptions } from '../../models/retrieval/image-captions.js';
import type { Experiment } from './config.js';
import { captionFiles, readSplit } from './dataset.js';
import { asMarkdown, writeSection } from './markdown.js';
import { exampleRankings, type Shown } from './page/examples.js';
import { type Examples, experimentPage } from './page/page.js';
import { type PlannedRun, resultsOf } from './plan.js';
import type { RunResult } from './result.js';
import { type ExperimentSummary, summarize } from './summary.js';

/** Options of {@link writeReport}. */
export interface ReportOptions {
  /** The experiment. */
  experiment: Experiment;
  /** Its runs, finished or not. */
  runs: readonly PlannedRun[];
  /** The experiment's folder, where the report is written. */
  out: string;
  /** The command line, for the report. */
  command: string;
  /** A Markdown file that gets the experiment's section. */
  docs?: string | undefined;
}

/** Reports the runs that are done, and names those that are not. @throws LimnError as {@link resultsOf} */
export async function writeReport({ experiment, runs, out, command, docs }: ReportOptions): Promise<ExperimentSummary> {
  const results = await resultsOf(runs);
  const summary = summarize({ experiment, runs, results, command });
  const markdown = asMarkdown(summary);
  await sweepTemporary(out);
  await writeFileAtomic(join(out, 'results.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  await writeFileAtomic(join(out, 'results.md'), markdown);
  await writeFileAtomic(join(out, 'report.html'), experimentPage(summary, await examplesOf(experiment, runs, results)));
  if (docs !== undefined) await writeSection(docs, experiment.name, markdown);
  return summary;
}

/** Rankings by the first finished model of the method that others are compared with. */
async function examplesOf(
  experiment: Experiment,
  runs: readonly PlannedRun[],
  results: ReadonlyMap<string, RunResult>,
): Promise<Examples[]> {
  const { compareTo, examples, categories } = experiment;
  const parts: Examples[] = [];
  if (examples === 0) return parts;
  for (const category of categories) {
    const run = runs.find((one) => one.method.id === compareTo && one.category === category && results.has(one.id));
    if (!run) continue;
    const shown = await showImages(experiment, category).catch(() => undefined);
    const rankings = shown
      ? await exampleRankings(results.get(run.id) as RunResult, examples, shown)
      : '<p class="about">The data of this experiment cannot be read here, so its pictures are not shown.</p>';
    const heading = `Rankings by ${run.method.label}${category && categories.length > 1 ? `, ${category}` : ''}, seed ${run.seed}`;
    parts.push({ heading, rankings });
  }
  return parts;
}

async function showImages(experiment: Experiment, category: string | undefined): Promise<Shown> {
  const { images } = experiment;
  if ('captions' in images) {
    const captions = await ImageCaptions.read(captionFiles(images.captions, category));
    return (id) => ({ caption: captions.of(id) });
  }
  const split = await readSplit(experiment, category, experiment.split);
  const paths = new Map(split.images.map(({ id, path }) => [id, path]));
  return (id) => {
    const path = paths.get(id);
    return path === undefined ? undefined : { path };
  };
}
