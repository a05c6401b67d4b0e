/** limn index */
import type { Command } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { shownLocation } from '../../../search/gallery/find-model.js';
import { type CreateOptions, Gallery } from '../../../search/gallery/gallery.js';
import { indexThroughQueue } from '../../../search/queue/index-through-queue.js';
import { queueSettings } from '../../../search/queue/queue-settings.js';
import { addHowToLearn } from '../learn-options.js';
import { learnsFirst } from '../learns-first.js';
import { type LongWork, runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';
import { settingOption } from '../setting-option.js';
import type { LearnFlags } from './learn.js';

interface IndexFlags extends Omit<LearnFlags, 'images' | 'list' | 'out' | 'json'> {
  learn?: boolean;
  model?: string;
  images?: string;
  list?: string;
  metadata?: string;
  out?: string;
  store?: string;
  prune?: boolean;
  replace?: boolean;
  refresh?: boolean;
  verify?: boolean;
  replaceMetadata?: boolean;
  allowUrls?: boolean;
  skipBroken?: boolean;
  queue?: string;
  queueName?: string;
  jobSize?: number;
  detach?: boolean;
  json?: boolean;
}

export function indexCommand(): Command {
  const command = computingCommand('index', 'Make images searchable, or bring a gallery up to date.')
    .option('--model <folder>', 'a run folder, or the model in it')
    .option('--images <folder>', 'the folder of images; subfolders are read too')
    .option('--list <file>', 'CSV, JSON lines or Parquet: path or url, id, and metadata in all other columns')
    .option('--metadata <file>', 'metadata for the images, matched by a column id or path')
    .option('--out <folder>', "the gallery's folder")
    .option('--store <location>', 'where the gallery is kept, if not in a folder (default: --out)')
    .option('--prune', 'delete images that are no longer there')
    .option('--replace', 'create the gallery anew, for instance with another model')
    .option('--allow-urls', 'fetch images from URLs, from public addresses only')
    .option('--refresh', 'fetch images from URLs again, even if the gallery has them')
    .option('--verify', 'read all files again, even if their size, times and inode have not changed')
    .option('--replace-metadata', 'erase metadata that the gallery has and this run does not give')
    .option('--skip-broken', 'leave out images that cannot be read')
    .option('--queue <url>', 'a Redis, e.g. redis://127.0.0.1:6379: "limn worker" processes embed the images')
    .option('--queue-name <name>', "the queue's name (default: derived from the gallery's location)")
    .addOption(settingOption('--job-size <count>', queueSettings.shape.jobSize))
    .option('--detach', 'exit when everything is queued, without waiting for the workers')
    .option('--json', 'print the result as JSON')
    .option(
      '--learn',
      'without --model: first learn one from --images and --list, as "limn learn" does; the gallery is OUT/gallery',
    );
  return addHowToLearn(command, 'Options with --learn:').action(indexOrLearn);
}

async function indexOrLearn(flags: IndexFlags, command: Command): Promise<void> {
  if (!learnsFirst(flags, command)) return runIndex(flags);
  const { runLearn } = await import('./learn.js');
  return runLearn(flags, 'index --learn');
}

async function runIndex(flags: IndexFlags): Promise<void> {
  const { images, list, metadata, prune, replace, refresh, verify, replaceMetadata } = flags;
  const folder = required(flags.model, '--model', 'index');
  if (images === undefined && list === undefined) {
    throw new LimnError('USAGE', 'limn index needs --images or --list. See "limn index --help".');
  }
  const out = required(flags.store ?? flags.out, '--out', 'index');
  const model = await RetrievalModel.open(folder);
  try {
    const { gallery, queued } = await runLong(async ({ logger, ...tools }) => {
      const onBroken = flags.skipBroken ? 'skip' : 'error';
      const urls = flags.allowUrls ?? false;
      const sources = { images, list, metadata, urls, refresh, verify, replaceMetadata } as const;
      const create = { model, out, ...sources, onBroken, prune, replace, ...tools } as const;
      const made = await (flags.queue === undefined ? indexHere(flags, create) : indexThere(flags.queue, flags, create, logger));
      const { notes, skipped } = made.gallery.report;
      for (const line of [...notes, ...skipped.map(({ reason }) => reason)]) logger.warn(line);
      return made;
    });
    try {
      await tell(gallery, queued, flags.json ?? false);
      refuseBroken(gallery, flags);
    } finally {
      await gallery.close();
    }
  } finally {
    await model.close();
  }
}

interface Indexed {
  gallery: Gallery;
  /** Pictures that were queued and not waited for. */
  queued?: number;
}

/** @throws LimnError USAGE for flags that need a queue */
async function indexHere(flags: IndexFlags, create: CreateOptions): Promise<Indexed> {
  const foreign = (['queueName', 'jobSize', 'detach'] as const).find((name) => flags[name] !== undefined);
  if (foreign === undefined) return { gallery: await Gallery.create(create) };
  const flag = `--${foreign.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new LimnError('USAGE', `${flag} needs a queue: give --queue as well. See "limn index --help".`);
}

async function indexThere(
  queue: string,
  flags: IndexFlags,
  create: CreateOptions & { out: string },
  logger: LongWork['logger'],
): Promise<Indexed> {
  const { queueName, jobSize, detach } = flags;
  const warn = (message: string) => logger.warn(message);
  const { gallery, queued } = await indexThroughQueue({ ...create, queue, queueName, jobSize, detach, warn });
  return { gallery, ...(detach ? { queued } : {}) };
}

async function tell(gallery: Gallery, queued: number | undefined, json: boolean): Promise<void> {
  const { skipped, passedOver, metadata, kept, notes, ...counts } = gallery.report;
  const images = await gallery.count();
  const name = shownLocation(gallery.location);
  if (json) {
    const more = {
      ...(queued === undefined ? {} : { queued }),
      skipped,
      // What there is nothing to say of is left out.
      ...(passedOver.length > 0 ? { passedOver } : {}),
      ...(metadata ? { metadata } : {}),
      ...(kept.pictures > 0 ? { kept } : {}),
      ...(notes.length > 0 ? { notes } : {}),
    };
    const result = { gallery: name, pictures: images, ...counts, ...more };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const changes = (['replaced', 'updated', 'unchanged', 'removed'] as const).flatMap((what) =>
    counts[what] > 0 ? [`${counts[what]} ${what}`] : [],
  );
  if (changes.length > 0 && counts.added > 0) changes.unshift(`${counts.added} new`);
  if (queued !== undefined) changes.push(`${queued} queued`);
  if (skipped.length > 0) changes.push(`${skipped.length} broken left out`);
  process.stdout.write(`${name}: ${[`${images} pictures`, ...changes].join(', ')}\n`);
}

/** Broken pictures do not stop workers, but unless they are to be skipped, that some were left out is a failure in the end. */
function refuseBroken({ report: { skipped } }: Gallery, { skipBroken }: IndexFlags): void {
  if (skipBroken || skipped.length === 0) return;
  throw new LimnError(
    'IMAGE',
    `${skipped.length} of the images could not be read and are not in the gallery; they are named above. Replace them and index again, or give --skip-broken.`,
    { details: { skipped } },
  );
}
