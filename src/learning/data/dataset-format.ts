/** What every dataset reader takes, and how a reader presents itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { definePart, type Part } from '../../core/part.js';
import type { OnProblem } from './rows.js';
import type { Corrections } from './spelling.js';
import type { Split, SplitName } from './triplets.js';

export interface ReadOptions {
  /** The dataset's folder, laid out as its format says. */
  directory: string;
  /** The part of a dataset that has several, as FashionIQ's dress, shirt and toptee. */
  category?: string | undefined;
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
  return definePart('dataset', dataset, ['splits', 'read']);
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
