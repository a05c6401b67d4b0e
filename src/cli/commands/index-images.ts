/** limn index */
import type { Command } from 'commander';
import { Gallery } from '../../gallery/gallery.js';
import { LimnModel } from '../../models/limn-model.js';
import { runLong } from '../long-work.js';
import { newCommand, required } from '../options.js';

interface IndexFlags {
  model?: string;
  images?: string;
  out?: string;
  skipBroken?: boolean;
  json?: boolean;
}

export function indexCommand(): Command {
  return newCommand('index', 'Make a folder of pictures searchable.')
    .option('--model <folder>', 'a run folder, or the model in it')
    .option('--images <folder>', 'the pictures, also those in folders inside')
    .option('--out <folder>', "the gallery's folder")
    .option('--skip-broken', 'leave out pictures that cannot be read')
    .option('--json', 'print the result as JSON')
    .action(runIndex);
}

async function runIndex(flags: IndexFlags): Promise<void> {
  const folder = required(flags.model, '--model', 'index');
  const images = required(flags.images, '--images', 'index');
  const out = required(flags.out, '--out', 'index');
  const model = await LimnModel.open(folder);
  try {
    const onBroken = flags.skipBroken ? 'skip' : 'error';
    const gallery = await runLong(async ({ logger, ...tools }) => {
      const made = await Gallery.create({ model, images, out, onBroken, ...tools });
      for (const { reason } of made.skipped) logger.warn(reason);
      return made;
    });
    const { size, skipped } = gallery;
    const left = skipped.length > 0 ? `, ${skipped.length} broken ones left out` : '';
    if (flags.json) process.stdout.write(`${JSON.stringify({ gallery: out, pictures: size, skipped })}\n`);
    else process.stdout.write(`${out}: ${size} pictures${left}\n`);
    await gallery.close();
  } finally {
    await model.close();
  }
}
