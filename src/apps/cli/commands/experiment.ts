/** limn experiment */
import { join } from 'node:path';
import { Command } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { readExperiment } from '../../../learning/experiment/config.js';
import { asMarkdown } from '../../../learning/experiment/markdown.js';
import { planRuns, resultsOf, selectRuns } from '../../../learning/experiment/plan.js';
import { runExperimentThroughQueue } from '../../../learning/experiment/queue/run-through-queue.js';
import { writeReport } from '../../../learning/experiment/report.js';
import { type RunsEnded, runExperiment } from '../../../learning/experiment/run.js';
import { shownCommandLine } from '../command-line.js';
import { openReader } from '../encoders.js';
import { runLong } from '../long-work.js';
import { computingCommand, numberListOption } from '../options.js';
import { loadPluginsOf } from '../plugins.js';

interface ExperimentFlags {
  out?: string;
  only?: string;
  seeds?: number[];
  reportOnly?: boolean;
  docs?: string;
  queue?: string;
}

export function experimentCommand(): Command {
  const run = computingCommand('run', 'Train the missing runs of an experiment, and report all results.')
    .argument('<file>', 'the JSON file of the experiment')
    .option('--out <folder>', 'where runs and report go (default: "runs/NAME"); give it again to resume')
    .option('--only <ids>', 'methods to train, separated by commas')
    .addOption(numberListOption('--seeds <list>', "seeds to train instead of the file's, separated by commas"))
    .option('--report-only', 'train nothing, only report what is complete')
    .option('--docs <file>', "write the report into this Markdown file too, between the experiment's markers")
    .option('--queue <url>', 'a Redis: have "limn worker --experiment" processes train, on any number of machines')
    .addHelpText('after', '\nStart it twice with the same --out to have two processes of one machine share the runs.')
    .action(runExperimentFile);
  return new Command('experiment').description('Compare methods over seeds, from one JSON file.').addCommand(run);
}

async function runExperimentFile(file: string, flags: ExperimentFlags): Promise<void> {
  await loadPluginsOf(file);
  const experiment = await readExperiment(file);
  const out = flags.out ?? join('runs', experiment.name);
  const seeds = flags.seeds;
  if (seeds?.some((seed) => !Number.isSafeInteger(seed) || seed < 0 || seed > 0xffffffff))
    throw new LimnError('USAGE', '--seeds takes whole numbers from 0 to 4294967295.');
  const runs = planRuns(experiment, out, seeds);
  const selected = selectRuns(runs, { only: flags.only?.split(',').map((id) => id.trim()), seeds });
  // Before hours of training: what the report at their end could stumble over.
  await resultsOf(runs);
  const command = shownCommandLine();
  // The report's command is the one that makes all of it.
  const reproduce = [
    'limn experiment run',
    file,
    ...(flags.out ? ['--out', flags.out] : []),
    ...(flags.docs ? ['--docs', flags.docs] : []),
  ];
  const ended: RunsEnded = flags.reportOnly
    ? { busy: [], failed: [] }
    : await runLong((tools) => {
        const options = { experiment, runs: selected, openEncoder: openReader, command, ...tools };
        return flags.queue === undefined ? runExperiment(options) : runExperimentThroughQueue({ ...options, queue: flags.queue });
      });
  const summary = await writeReport({ experiment, runs, out, command: reproduce.join(' '), docs: flags.docs });
  process.stdout.write(`${asMarkdown(summary)}\n${join(out, 'report.html')}\n`);
  const [first] = ended.failed;
  if (first) throw new LimnError('NOT_FINITE', `${ended.failed.length} runs failed, first ${first.run.id}: ${first.reason}`);
}
