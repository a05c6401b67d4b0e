/** The datasets that commands take by name. */

import type { Command } from 'commander';
import { Option } from 'commander';
import { LimnError } from '../../core/errors.js';
import { limnHome } from '../../core/files.js';
import type { OnProgress } from '../../core/progress.js';
import type { DatasetFormat, ReadOptions } from '../../learning/data/dataset-format.js';
import { readFormat } from '../../learning/data/dataset-format.js';
import { datasetFormats, findDataset } from '../../learning/data/datasets.js';
import { readCorrections } from '../../learning/data/spelling.js';
import { generateSyntheticFashion } from '../../learning/data/synthetic-fashion/generate.js';
import type { Split, SplitName } from '../../learning/data/triplets.js';
import { required } from './options.js';

export interface DatasetOptions {
  dataset: string;
  data?: string;
  category?: string;
  spelling?: string;
  skipMissing?: boolean;
  skipBroken?: boolean;
}

/** `--dataset`: the formats that can be read, and the wardrobe. */
export function datasetOption(): Option {
  const names = [...datasetFormats.map(({ id }) => id), 'wardrobe'];
  const description = 'the layout of the data; "wardrobe" is generated when it is first needed';
  return new Option('--dataset <name>', description).choices(names).default('fashioniq');
}

/** Adds the options that say which data to use. */
export function addDatasetOptions(command: Command): Command {
  const layouts = datasetFormats.map(({ id, layout }) => `  ${id.padEnd(16)}${layout}`);
  return command
    .addOption(datasetOption())
    .option('--data <folder>', 'the folder of the dataset')
    .option('--category <name>', 'the category, if the folder has several')
    .option('--spelling <file>', 'spelling corrections of the texts: a JSON file of { "wrong": "right" }')
    .option('--skip-missing', 'leave out missing images, and their triplets')
    .option('--skip-broken', 'leave out images that cannot be read')
    .addHelpText('after', `\nContents of the folder --data, by --dataset:\n${layouts.join('\n')}`);
}

export interface Dataset {
  /** For reports and config.json. `category` is absent where the dataset has none, or all are read together. */
  origin: { name: string; directory: string; category?: string; spelling?: string };
  /** Id of the protocol that numbers on it are published under. */
  defaultProtocol: string;
  /** @param options what differs from the command's options @throws as {@link DatasetFormat.read} */
  split(name: SplitName, options?: Pick<ReadOptions, 'onMissing' | 'targets'>): Promise<Split>;
}

/** Finds (or draws) a dataset. @throws LimnError USAGE for what is not named or not there, DATA as the readers do */
export async function openDataset(
  command: string,
  options: DatasetOptions,
  tools: { signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<Dataset> {
  const { dataset: name, spelling } = options;
  const format = datasetFormat(name);
  const directory =
    name === 'wardrobe'
      ? (await generateSyntheticFashion({ directory: options.data ?? limnHome('wardrobe'), ...tools })).directory
      : required(options.data, '--data', command, 'For a first try without any data give "--dataset wardrobe".');
  refuseCategory(format, options.category);
  const category = options.category ?? (await onlyCategory(format, directory));
  const corrections = spelling === undefined ? undefined : await readCorrections(spelling);
  const onMissing = options.skipMissing ? 'skip' : 'error';
  return {
    origin: { name, directory, ...(category !== undefined && { category }), ...(spelling !== undefined && { spelling }) },
    defaultProtocol: format.defaultProtocol,
    split: (split, more) =>
      readFormat(format, { directory, category, split, onMissing, odd: 'keep', spelling: corrections, ...more }),
  };
}

/** The format of a dataset by the name that commands take: the wardrobe lies in the layout of FashionIQ. */
export function datasetFormat(name: string): DatasetFormat {
  return findDataset(name === 'wardrobe' ? 'fashioniq' : name);
}

/** Refuses a category for a dataset that has none. */
export function refuseCategory(format: DatasetFormat, category: string | undefined): void {
  if (category === undefined || format.categories) return;
  throw new LimnError('USAGE', `The dataset ${format.id} has no categories: leave out --category.`);
}

async function onlyCategory(format: DatasetFormat, directory: string): Promise<string | undefined> {
  if (!format.categories || format.categoriesTogether) return undefined;
  const names = [...(await format.categories(directory)).keys()];
  if (names.length === 1) return names[0];
  throw new LimnError('USAGE', `${directory} has several categories: choose one of ${names.join(', ')} with --category.`);
}
