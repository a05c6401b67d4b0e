/** limn worker */
import type { Command } from 'commander';
import { formatDuration } from '../../../core/progress.js';
import { runWorker, workerSettings } from '../../../search/queue/worker.js';
import type { WorkerCounts } from '../../../search/queue/worker-options.js';
import { runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';
import { settingOption } from '../setting-option.js';

interface WorkerFlags {
  queue?: string;
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
  return computingCommand('worker', 'Embed the pictures that "limn index --queue" has queued, until told to end.')
    .option('--queue <url>', 'the Redis that "limn index" was given')
    .option('--gallery <location>', 'where the gallery is kept')
    .option('--queue-name <name>', 'the queue\'s name, where "limn index" was given one')
    .option('--model <folder>', "the gallery's model, where it is no longer at its old place")
    .option('--images <folder>', "the gallery's pictures, where this machine has them at another place")
    .option('--allow-urls', 'fetch the pictures of URLs, from public addresses only')
    .addOption(settingOption('--concurrency <count>', workerSettings.shape.concurrency))
    .addOption(settingOption('--stalled-after <seconds>', workerSettings.shape.stalledAfter))
    .action(runWorkerCommand);
}

async function runWorkerCommand(flags: WorkerFlags): Promise<void> {
  const { queueName, model, images, allowUrls: urls, concurrency, stalledAfter } = flags;
  const queue = required(flags.queue, '--queue', 'worker');
  const gallery = required(flags.gallery, '--gallery', 'worker');
  const started = performance.now();
  const counts = await runLong(({ signal, logger }) => {
    const warn = (message: string) => logger.warn(message);
    const onJob = everyFewSeconds((line) => logger.info(line));
    return runWorker({ queue, queueName, gallery, model, images, urls, concurrency, stalledAfter, signal, warn, onJob });
  });
  process.stdout.write(`limn worker: ${wordsOf(counts)} in ${formatDuration((performance.now() - started) / 1000)}\n`);
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
