/** The datasets that commands take by name. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { LimnError } from '../core/errors.js';
import { limnHome } from '../core/files.js';
import type { OnProgress } from '../core/progress.js';
import { listCategories, readFashionIQ } from '../data/fashioniq.js';
import type { Split, SplitName } from '../data/triplets.js';
import { generateWardrobe } from '../data/wardrobe/generate.js';
import { required } from './options.js';

export interface DatasetOptions {
  dataset: 'fashioniq' | 'wardrobe';
  data?: string;
  category?: string;
  skipMissing?: boolean;
  skipBroken?: boolean;
}

/** Adds the options that say which data to use. */
export function addDatasetOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--dataset <name>', 'the layout of the data; "wardrobe" is drawn when it is first needed')
        .choices(['fashioniq', 'wardrobe'])
        .default('fashioniq'),
    )
    .option('--data <folder>', 'the folder with captions/, image_splits/ and images/')
    .option('--category <name>', 'the category, where the folder has several')
    .option('--skip-missing', 'leave out pictures that are absent, and their triplets')
    .option('--skip-broken', 'leave out pictures that cannot be read');
}

export interface Dataset {
  /** For reports and config.json. */
  origin: { name: string; directory: string; category: string };
  split(name: SplitName): Promise<Split>;
}

/** Finds (or draws) a dataset. @throws LimnError USAGE for what is not named or not there, DATA as the readers do */
export async function openDataset(
  command: string,
  options: DatasetOptions,
  tools: { signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<Dataset> {
  const { dataset } = options;
  const directory =
    dataset === 'wardrobe'
      ? (await generateWardrobe({ directory: options.data ?? limnHome('wardrobe'), ...tools })).directory
      : required(options.data, '--data', command, 'For a first try without any data give "--dataset wardrobe".');
  const category = options.category ?? (await onlyCategory(directory));
  const onMissing = options.skipMissing ? 'skip' : 'error';
  return {
    origin: { name: dataset, directory, category },
    split: (split) => readFashionIQ({ directory, category, split, onMissing }),
  };
}

async function onlyCategory(directory: string): Promise<string> {
  const names = [...(await listCategories(directory)).keys()];
  if (names.length === 1) return names[0] as string;
  throw new LimnError('USAGE', `${directory} has several categories: choose one of ${names.join(', ')} with --category.`);
}
