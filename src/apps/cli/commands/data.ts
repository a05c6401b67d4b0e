/** limn data */
import { Command } from 'commander';
import { limnHome } from '../../../core/files.js';
import { checkDataset, type DataReport, type Findings } from '../../../learning/data/check.js';
import { datasetFormat, datasetOption, refuseCategory } from '../datasets.js';
import { newCommand, required } from '../options.js';

interface CheckFlags {
  dataset: string;
  data?: string;
  category?: string;
  json?: boolean;
}

export function dataCommand(): Command {
  const check = newCommand('check', 'Count what a dataset holds, and say all that is missing, broken, double or in two splits.')
    .addOption(datasetOption())
    .option('--data <folder>', 'the folder of the dataset')
    .option('--category <name>', 'the category to check (default: all)')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nEnds with 0 for a sound dataset, also where some pictures are missing, and with 1 for one that is not or has no picture at all.',
    )
    .action(runCheck);
  return new Command('data').description('Look after datasets.').addCommand(check);
}

async function runCheck(flags: CheckFlags): Promise<void> {
  const drawn = flags.dataset === 'wardrobe';
  const directory = required(flags.data ?? (drawn ? limnHome('wardrobe') : undefined), '--data', 'data check');
  const format = datasetFormat(flags.dataset);
  refuseCategory(format, flags.category);
  const report = { ...(await checkDataset({ format, directory, category: flags.category })), dataset: flags.dataset };
  process.stdout.write(flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : asText(report));
  if (!report.sound || report.unusable !== undefined) process.exitCode = 1;
}

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
    verdict(report),
    '',
  ].join('\n');
}

function verdict({ sound, unusable }: DataReport): string {
  if (!sound) return 'The dataset is not sound: mend what is named above.';
  if (unusable === undefined) return 'The annotations are sound.';
  return `The annotations are sound, but ${unusable}: without images nothing but captions in their place can be used.`;
}

function lines(kind: string, { count, first }: Findings): string[] {
  const more = count > first.length ? [`${kind}: ... and ${count - first.length} more`] : [];
  return [...first.map((line) => `${kind}: ${line}`), ...more];
}
