/** limn data */
import { Command } from 'commander';
import { limnHome } from '../../../core/files.js';
import { checkDataset, type DataReport, type Findings } from '../../../learning/data/check.js';
import { decodeImage } from '../../../models/encoders/image/image.js';
import { datasetFormat, datasetOption, refuseCategory } from '../datasets.js';
import { runLong } from '../long-work.js';
import { newCommand, required } from '../options.js';
import { fromMetadataCommand } from './data-from-metadata.js';

interface CheckFlags {
  dataset: string;
  data?: string;
  category?: string;
  deep?: boolean;
  json?: boolean;
}

export function dataCommand(): Command {
  const check = newCommand(
    'check',
    'Count what a dataset holds, and name what is missing, corrupt, duplicated, or present in two splits.',
  )
    .addOption(datasetOption())
    .option('--data <folder>', 'the folder of the dataset')
    .option('--category <name>', 'the category to check (default: all)')
    .option('--deep', 'open every image as well, and name those that are damaged')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExits with 0 for a sound dataset, even if some images are missing, and with 1 for a damaged one or one without any images.',
    )
    .action(runCheck);
  return new Command('data')
    .description('Check datasets, or create one from a table.')
    .addCommand(check)
    .addCommand(fromMetadataCommand());
}

async function runCheck(flags: CheckFlags): Promise<void> {
  const drawn = flags.dataset === 'wardrobe';
  const directory = required(flags.data ?? (drawn ? limnHome('wardrobe') : undefined), '--data', 'data check');
  const format = datasetFormat(flags.dataset);
  refuseCategory(format, flags.category);
  const found = await runLong(({ signal, onProgress }) => {
    const images = flags.deep ? { open: openAsTraining, signal, onProgress } : undefined;
    return checkDataset({ format, directory, category: flags.category, images });
  });
  const report = { ...found, dataset: flags.dataset };
  process.stdout.write(flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : asText(report));
  if (!report.sound) process.exitCode = 1;
}

/** The whole file is decoded, whatever size its image is wanted in. */
const openAsTraining = (path: string) => decodeImage(path, { size: 32, fit: 'fill', resampling: 'bilinear' });

function asText(report: DataReport): string {
  const title = (category: string | undefined, split: string) => [category, split].filter(Boolean).join(' ');
  const rows = report.splits.map(({ category, split, pictures: images, triplets, texts, missing }) =>
    [title(category, split), images, triplets, texts, missing.count].map(String),
  );
  const table = [['split', 'pictures', 'triplets', 'texts', 'missing'], ...rows];
  const width = Math.max(...table.map(([name = '']) => name.length));
  const missing = report.splits.filter((split) => split.missing.count > 0);
  return [
    `${report.dataset} in ${report.directory}`,
    ...table.map(([name = '', ...numbers]) => name.padEnd(width) + numbers.map((text) => text.padStart(10)).join('')),
    ...missing.map(({ category, split, pictures: images, missing }) => {
      const first = missing.first.slice(0, 5).join(', ') + (missing.count > 5 ? ', ...' : '');
      return `warning: ${title(category, split)}: ${missing.count} of ${images} pictures are missing (${first})`;
    }),
    ...(missing.length > 0 ? [`To get them: ${report.pictures}.`] : []),
    ...report.remarks.map((remark) => `note: ${remark}`),
    ...lines('broken', report.broken),
    ...lines('double', report.duplicates),
    ...lines('leak', report.leaks),
    ...(report.images ? lines('damaged', report.images.damaged) : []),
    ...(report.images ? [`${report.images.opened} images opened, ${report.images.damaged.count} damaged`] : []),
    verdict(report),
    '',
  ].join('\n');
}

function verdict({ sound, unusable, broken, leaks, images }: DataReport): string {
  if (sound) return images ? 'The annotations and the images are sound.' : 'The annotations are sound.';
  if (unusable === undefined || broken.count + leaks.count > 0) return 'The dataset is not sound: correct what is named above.';
  return `The dataset is not sound: ${unusable}. Without images, only captions in their place can be used.`;
}

function lines(kind: string, { count, first }: Findings): string[] {
  const more = count > first.length ? [`${kind}: ... and ${count - first.length} more`] : [];
  return [...first.map((line) => `${kind}: ${line}`), ...more];
}
