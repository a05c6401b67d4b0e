/** limn learn */
import type { Command } from 'commander';
import { learn } from '../../../catalogue/learn.js';
import type { LearnResult } from '../../../catalogue/learn-types.js';
import { formatDuration } from '../../../core/progress.js';
import { addHowToLearn, openLearningReader } from '../learn-options.js';
import { runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';

export interface LearnFlags {
  list?: string;
  images?: string;
  out?: string;
  minutes?: number;
  fields?: string[];
  imageColumn?: string;
  templates?: string[];
  encoder?: string;
  most?: number;
  fromClicks?: string;
  plus?: boolean;
  captioner?: string;
  seed: number;
  json?: boolean;
}

export function learnCommand(): Command {
  const command = computingCommand('learn', "From a shop's table and images to a search, without any annotation.")
    .option(
      '--list <file>',
      'CSV, TSV, JSON lines or Parquet, one row for each product (default: read the names of files and folders)',
    )
    .option('--images <folder>', 'the folder of images; subfolders are read too')
    .option('--out <folder>', 'where everything is kept: data/, limn/, gallery/, learn.json');
  return addHowToLearn(command)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nAfter an interruption, the same command resumes. "limn index --learn" does the same. See docs/your-own-shop.md.',
    )
    .action((flags: LearnFlags) => runLearn(flags));
}

/** @param command the command that was called, for messages */
export async function runLearn(flags: LearnFlags, command = 'learn'): Promise<void> {
  const images = required(flags.images, '--images', command);
  const out = required(flags.out, '--out', command);
  const result = await runLong(async (tools) => {
    const reader = await openLearningReader(flags.encoder, tools.logger);
    try {
      const { list, minutes, fields, imageColumn, templates, most, fromClicks: choices, plus, captioner, seed } = flags;
      const chosen = { minutes, fields, imageColumn, templates, most, choices, plus, captioner, seed };
      return await learn({ images, out, list, reader, ...chosen, ...tools });
    } finally {
      await reader.close();
    }
  });
  process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : asText(result));
}

function asText({ test, images, seconds, factors, plus, choices, leftOutStages, serve }: LearnResult): string {
  const { chance, textAlone, imageAlone, limn, queries, gallery } = test;
  const ks = Object.keys(limn);
  const row = (name: string, recall: Record<string, number>) =>
    name.padEnd(28) + ks.map((k) => (recall[k] ?? 0).toFixed(1).padStart(8)).join('');
  return [
    `Held-out products: ${queries} queries, gallery of ${gallery} images`,
    'recall in percent'.padEnd(28) + ks.map((k) => `R@${k}`.padStart(8)).join(''),
    row('by chance', chance),
    row('the image alone', imageAlone),
    row('the text alone', textAlone),
    row('LIMN, image and text', limn),
    `Factors: ${factors.join(', ')}`,
    ...(choices ? [`Choices: ${choices.said}.`] : []),
    ...(plus?.validation ? [`LIMN+: ${plus.said}.`] : []),
    ...leftOutStages.map((stage) => `Left out: ${stage}.`),
    `${images} images are searchable. Took ${formatDuration(seconds)}.`,
    serve,
    '',
  ].join('\n');
}
