/** What every dataset reader takes, and how a reader presents itself. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { presentOptions, readableAs } from '../../core/former-names.js';
import { definePart, type Part, requireFields } from '../../core/part.js';
import type { OnProblem } from './rows.js';
import type { Corrections } from './spelling.js';
import type { Split, SplitName } from './triplets.js';

/** What to read of a dataset. */
export interface ReadOptions {
  /** The dataset's folder, laid out as its format says. */
  directory: string;
  /** The part of a dataset that has several, as FashionIQ's dress, shirt and toptee. */
  category?: string | undefined;
  /** "train", "val" or "test". */
  split: SplitName;
  /**
   * What to do about pictures whose files are absent: `error` stops; `skip` leaves them and the triplets that need them out;
   * `ignore` keeps everything, for work on the annotations alone (paths are then where the files would be). The ids are in
   * the split's `missing` in both cases. @default 'error'
   */
  onMissing?: 'error' | 'skip' | 'ignore';
  /** Whether a row without a target, as in FashionIQ's test files, is an error. @default 'required' */
  targets?: 'required' | 'optional';
  /** Spelling corrections of the texts. @default none */
  spelling?: Corrections | undefined;
  /**
   * What rows do that say nothing and that published code reads all the same: one with an empty caption, or with its reference as
   * target. `keep` reads them: the text of the first is "unchanged", without captions (training passes over it); the second counts as
   * any other, and as a miss where the reference is taken out of its ranking. @default 'error'
   */
  odd?: 'error' | 'keep' | undefined;
  /** Told what is wrong with the annotations; the row is left out. @default the first such thing is thrown */
  onProblem?: OnProblem | undefined;
}

/** How a dataset is laid out on disk, and how it is read; see {@link defineDataset}. */
export interface DatasetFormat extends Part {
  /** One line: what it is, and who published it. */
  readonly description: string;
  /** One line: the files that the folder holds. */
  readonly layout: string;
  /** One line: where its pictures come from and how they must lie. */
  readonly images: string;
  /** Id of the protocol that its numbers are published under. */
  readonly defaultProtocol: string;
  /** The categories that are there, with their splits. Absent where the dataset has none. */
  categories?(directory: string): Promise<Map<string, SplitName[]>>;
  /** Whether all categories are read together where none is chosen. @default false, one must be chosen */
  readonly categoriesTogether?: boolean;
  /** The splits that are there. */
  splits(directory: string, category?: string): Promise<SplitName[]>;
  /**
   * @throws LimnError USAGE for a category or split that is not there; DATA for a broken file (naming file, row and key) or
   * missing pictures (with their count and the first ids)
   */
  read(options: ReadOptions): Promise<Split>;
}

/**
 * Defines a dataset: how the files of a folder become images and triplets.
 *
 * @throws LimnError CONFIG for a definition that cannot be used
 */
export function defineDataset(dataset: DatasetFormat): DatasetFormat {
  definePart('dataset', dataset, ['splits', 'read']);
  requireFields('dataset', dataset, { description: 'text', defaultProtocol: 'text' });
  const { images } = presentOptions(dataset);
  if (dataset.images === undefined && images !== undefined) Object.assign(dataset, { images });
  return Object.isExtensible(dataset) ? readableAs(dataset, 'pictures') : dataset;
}

/** A split of a dataset, also of one that was written for the release before. @throws as {@link DatasetFormat.read} */
export async function readFormat(format: DatasetFormat, options: ReadOptions): Promise<Split> {
  const split = await format.read(options);
  const given = typeof split === 'object' && split !== null ? presentOptions(split) : split;
  const fault = splitFault(given);
  if (fault === undefined) return given;
  const message = `The dataset "${format.id}" is not usable: its split "${options.split}" ${fault}.`;
  throw new LimnError('DATA', message, { details: { dataset: format.id, split: options.split } });
}

/** What is wrong with a split, for a dataset of a plug-in, whose author may not have had a compiler. */
function splitFault(split: Split): string | undefined {
  if (typeof split !== 'object' || split === null) return 'is nothing: "read" must give { name, images, triplets, missing }';
  const isText = (value: unknown) => typeof value === 'string';
  const areTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
  for (const name of ['images', 'triplets', 'missing'] as const) {
    if (!Array.isArray(split[name])) return `has no list "${name}"`;
  }
  const image = split.images.findIndex((one) => !isText(one?.id) || !isText(one.path));
  if (image >= 0) return `has an image without a text "id" or "path" (number ${image + 1})`;
  const triplet = split.triplets.findIndex(
    (one) =>
      !isText(one?.reference) || !areTexts(one.targets) || !isText(one.text) || !areTexts(one.captions) || !isText(one.source),
  );
  if (triplet >= 0) {
    return `has a triplet (number ${triplet + 1}) that is not { reference, targets, text, captions, source }, texts and lists of texts`;
  }
  const known = new Set([...split.images.map(({ id }) => id), ...split.missing]);
  for (const { reference, targets, source } of split.triplets) {
    const unknown = [reference, ...targets].find((id) => !known.has(id));
    if (unknown !== undefined) return `has a triplet (${source}) with the image "${unknown}", which is not among its images`;
  }
  return undefined;
}

/** Refuses a split that a dataset does not have. */
export function requireSplit(whose: string, split: SplitName, found: readonly SplitName[], advice = ''): void {
  if (found.includes(split)) return;
  const message = `${whose} has no split "${split}"; found: ${found.join(', ')}.${advice && ` ${advice}`}`;
  throw new LimnError('USAGE', message, { details: { split, found } });
}

/** Refuses a category that a dataset does not have. @returns its splits */
export function requireCategory(directory: string, category: string, found: Map<string, SplitName[]>): SplitName[] {
  const splits = found.get(category);
  if (splits) return splits;
  const names = [...found.keys()];
  const message = `There is no category "${category}" in ${directory}; found: ${names.join(', ')}.`;
  throw new LimnError('USAGE', message, { details: { category, found: names } });
}

/** Refuses a folder without the dataset's files. `whose` as "of Shoes". */
export function requireFiles(directory: string, names: readonly string[], whose: string): void {
  const absent = names.filter((name) => !existsSync(join(directory, name)));
  if (absent.length === 0) return;
  const message = `${directory} has no ${absent.join(', ')}; give the folder that holds the files ${whose}.`;
  throw new LimnError('DATA', message, { details: { directory, absent } });
}
