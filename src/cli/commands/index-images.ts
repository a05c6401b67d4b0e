/** limn index */
import type { Command } from 'commander';
import { LimnError } from '../../core/errors.js';
import { Gallery } from '../../gallery/gallery.js';
import { LimnModel } from '../../models/limn-model.js';
import { runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';

interface IndexFlags {
  model?: string;
  images?: string;
  list?: string;
  metadata?: string;
  out?: string;
  store?: string;
  prune?: boolean;
  replace?: boolean;
  refresh?: boolean;
  allowUrls?: boolean;
  skipBroken?: boolean;
  json?: boolean;
}

export function indexCommand(): Command {
  return computingCommand('index', 'Make pictures searchable, or bring a gallery up to date with them.')
    .option('--model <folder>', 'a run folder, or the model in it')
    .option('--images <folder>', 'the pictures, also those in folders inside')
    .option('--list <file>', 'CSV, JSON lines or Parquet: path or url, id, and metadata in all other columns')
    .option('--metadata <file>', 'metadata for the pictures of --images, by a column id or path')
    .option('--out <folder>', "the gallery's folder")
    .option('--store <location>', 'where the gallery is kept, if that is no folder (default: --out)')
    .option('--prune', 'delete pictures that are no longer there')
    .option('--replace', 'make the gallery anew, for instance with another model')
    .option('--allow-urls', 'fetch the pictures of URLs, from public addresses only')
    .option('--refresh', 'fetch URLs again that are in the gallery')
    .option('--skip-broken', 'leave out pictures that cannot be read')
    .option('--json', 'print the result as JSON')
    .action(runIndex);
}

async function runIndex(flags: IndexFlags): Promise<void> {
  const { images, list, metadata, prune, replace, refresh } = flags;
  const folder = required(flags.model, '--model', 'index');
  if (images === undefined && list === undefined) {
    throw new LimnError('USAGE', 'limn index needs --images or --list. See "limn index --help".');
  }
  const out = required(flags.store ?? flags.out, '--out', 'index');
  const model = await LimnModel.open(folder);
  try {
    const onBroken = flags.skipBroken ? 'skip' : 'error';
    const gallery = await runLong(async ({ logger, ...tools }) => {
      const sources = { images, list, metadata };
      const urls = flags.allowUrls ?? false;
      const made = await Gallery.create({ model, ...sources, out, onBroken, prune, replace, refresh, urls, ...tools });
      for (const { reason } of made.report.skipped) logger.warn(reason);
      return made;
    });
    const { skipped, ...counts } = gallery.report;
    const pictures = await gallery.count();
    if (flags.json) process.stdout.write(`${JSON.stringify({ gallery: out, pictures, ...counts, skipped })}\n`);
    else {
      const changes = (['replaced', 'updated', 'unchanged', 'removed'] as const).flatMap((what) =>
        counts[what] > 0 ? [`${counts[what]} ${what}`] : [],
      );
      if (changes.length > 0 && counts.added > 0) changes.unshift(`${counts.added} new`);
      if (skipped.length > 0) changes.push(`${skipped.length} broken ones left out`);
      process.stdout.write(`${out}: ${[`${pictures} pictures`, ...changes].join(', ')}\n`);
    }
    await gallery.close();
  } finally {
    await model.close();
  }
}
