/** limn worker */
import { join } from 'node:path';
import type { Command } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { formatDuration } from '../../../core/progress.js';
import { readExperiment } from '../../../learning/experiment/config.js';
import { runExperimentWorker } from '../../../learning/experiment/queue/run-worker.js';
import { runWorker, workerSettings } from '../../../search/queue/worker.js';
import type { WorkerCounts } from '../../../search/queue/worker-options.js';
import { shownCommandLine } from '../command-line.js';
import { openReader } from '../encoders.js';
import { flagOf } from '../flag-name.js';
import { runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';
import { loadPluginsOf } from '../plugins.js';
import { settingOption } from '../setting-option.js';

interface WorkerFlags {
  queue?: string;
  experiment?: string;
  out?: string;
  queueName?: string;
  gallery?: string;
  model?: string;
  images?: string;
  allowUrls?: boolean;
  concurrency?: number;
  stalledAfter?: number;
}

const secondsBetweenLines = 10;

export function workerCommand(): Command {
  return computingCommand('worker', 'Process the jobs of "limn index --queue" or "limn experiment run --queue" until stopped.')
    .option('--queue <url>', 'the Redis that the other command was given')
    .option('--gallery <location>', 'the gallery whose images to embed')
    .option('--experiment <file>', 'the experiment whose runs to train, one at a time')
    .option('--out <folder>', 'where this machine keeps its runs of the experiment (default: "runs/NAME")')
    .option('--queue-name <name>', 'the queue\'s name, if "limn index" was given one')
    .option('--model <folder>', "the gallery's model, if it has moved")
    .option('--images <folder>', "the gallery's images, if they are in another place on this machine")
    .option('--allow-urls', 'fetch images from URLs, from public addresses only')
    .addOption(settingOption('--concurrency <count>', workerSettings.shape.concurrency))
    .addOption(settingOption('--stalled-after <seconds>', workerSettings.shape.stalledAfter))
    .action(runWorkerCommand);
}

/** What says nothing to a worker that trains. */
const galleryFlags = ['queueName', 'gallery', 'model', 'images', 'allowUrls', 'concurrency'] as const;

async function runWorkerCommand(flags: WorkerFlags): Promise<void> {
  if (flags.experiment !== undefined) return trainRuns(flags.experiment, flags);
  if (flags.out !== undefined) throw new LimnError('USAGE', '--out belongs to --experiment; leave it out.');
  const { queueName, model, images, allowUrls: urls, concurrency, stalledAfter } = flags;
  const queue = required(flags.queue, '--queue', 'worker');
  const gallery = required(flags.gallery, '--gallery', 'worker', 'To train, give --experiment.');
  const started = performance.now();
  const counts = await runLong(({ signal, logger }) => {
    const warn = (message: string) => logger.warn(message);
    const onJob = everyFewSeconds((line) => logger.info(line));
    return runWorker({ queue, queueName, gallery, model, images, urls, concurrency, stalledAfter, signal, warn, onJob });
  });
  process.stdout.write(`limn worker: ${wordsOf(counts)} in ${formatDuration((performance.now() - started) / 1000)}\n`);
}

async function trainRuns(file: string, flags: WorkerFlags): Promise<void> {
  const queue = required(flags.queue, '--queue', 'worker');
  const other = galleryFlags.find((name) => flags[name] !== undefined);
  if (other !== undefined) {
    throw new LimnError(
      'USAGE',
      `${flagOf(other)} belongs to --gallery, and this worker trains the runs of ${file}; leave one of them out.`,
    );
  }
  await loadPluginsOf(file);
  const experiment = await readExperiment(file);
  const out = flags.out ?? join('runs', experiment.name);
  const { stalledAfter } = flags;
  const command = shownCommandLine();
  const started = performance.now();
  const trained = await runLong((tools) =>
    runExperimentWorker({ experiment, out, queue, stalledAfter, command, openEncoder: openReader, ...tools }),
  );
  const runs = `${trained} ${trained === 1 ? 'run' : 'runs'}`;
  process.stdout.write(`limn worker: ${runs} trained in ${formatDuration((performance.now() - started) / 1000)}, in ${out}\n`);
}

/** Says how far and how fast the work has come, a line every few seconds while there is work. */
function everyFewSeconds(say: (line: string) => void): (counts: WorkerCounts) => void {
  let [since, before] = [performance.now(), 0];
  return (counts) => {
    const seconds = (performance.now() - since) / 1000;
    if (seconds < secondsBetweenLines) return;
    say(`${wordsOf(counts)}, ${((counts.written - before) / seconds).toFixed(1)} a second`);
    [since, before] = [performance.now(), counts.written];
  };
}

function wordsOf({ written, unchanged, broken }: WorkerCounts): string {
  const more = [unchanged > 0 && `${unchanged} were there already`, broken > 0 && `${broken} broken`].filter(Boolean);
  return [`${written} pictures written`, ...more].join(', ');
}
