/** Looks through a whole dataset and says all that is wrong with it, where a reader stops at the first thing. */

import { LimnError } from '../../core/errors.js';
import type { DatasetFormat } from './dataset-format.js';
import { readFormat } from './dataset-format.js';
import { type OpenImagesOptions, openImages } from './open-images.js';
import type { AnnotationProblem } from './rows.js';
import { type DatasetImage, type Split, type SplitName, splitNames, type Triplet } from './triplets.js';
import { remarksOn } from './usable.js';

/** Options of {@link checkDataset}. */
export interface CheckOptions {
  /** The layout of the dataset; see {@link findDataset}. */
  format: DatasetFormat;
  /** The dataset's folder. */
  directory: string;
  /** The category to check. @default every category */
  category?: string | undefined;
  /** How many of each kind of finding the report names; all are counted. @default 20 */
  limit?: number;
  /** Open every image that is there as well. @default images are looked for, and not opened */
  images?: OpenImagesOptions | undefined;
}

/** Findings of one kind, each a line; `first` are at most the `limit` of the check. */
export interface Findings {
  count: number;
  first: string[];
}

export interface SplitReport {
  category?: string;
  split: SplitName;
  pictures: number;
  triplets: number;
  /** Different modification texts. */
  texts: number;
  /** Ids of pictures without a file. */
  missing: Findings;
}

/** What {@link checkDataset} found. */
export interface DataReport {
  /** Id of the layout. */
  dataset: string;
  /** The folder that was checked. */
  directory: string;
  /** Counts of each category and split. */
  splits: SplitReport[];
  /** Rows and files that readers refuse. */
  broken: Findings;
  /** Pictures listed twice, and triplets of equal reference, targets and text. */
  duplicates: Findings;
  /** Pictures and triplets in two splits: listed in train and in another, or queried in both val and test. */
  leaks: Findings;
  /** What is odd and yet read, as a reference that is its own target. */
  remarks: string[];
  /** Where the pictures come from and how they must lie. */
  pictures: string;
  /** Image files that were opened, and those that cannot be read; absent where none was to be. */
  images?: { opened: number; damaged: Findings };
  /**
   * Nothing is broken or leaks, nothing is double that readers refuse, images are there, and none that was opened is damaged. Some missing
   * images do not count.
   */
  sound: boolean;
  /** Why nothing can be trained or evaluated, though the annotations may be sound: no image is there. Absent where one is. */
  unusable?: string;
}

/**
 * Reads every split of a dataset and reports what is there and what is wrong with it.
 *
 * @throws LimnError DATA when the folder has no such dataset, USAGE for a category that is not there, INTERRUPTED
 */
export async function checkDataset({ format, directory, category, limit = 20, images }: CheckOptions): Promise<DataReport> {
  const problems = new Map<string, AnnotationProblem>();
  const onProblem = (problem: AnnotationProblem) => void problems.set(problem.message, problem);
  const splits: SplitReport[] = [];
  const leaks: string[] = [];
  const remarks: string[] = [];
  const present: DatasetImage[] = [];
  for (const chosen of await categoriesToRead(format, directory, category)) {
    const read: Split[] = [];
    const named = await format.splits(directory, chosen);
    for (const name of splitNames.filter((candidate) => named.includes(candidate))) {
      const options = { directory, category: chosen, split: name, onMissing: 'ignore', targets: 'optional', onProblem } as const;
      const split = await readFormat(format, options).catch((error) => {
        if (!LimnError.isInstance(error)) throw error;
        onProblem({ kind: 'broken', message: error.message });
      });
      if (!split) continue;
      read.push(split);
      if (images) present.push(...imagesWithFiles(split));
      const title = [chosen, name].filter(Boolean).join(' ');
      for (const message of repeated(split.triplets)) onProblem({ kind: 'duplicate', message, harmless: true });
      if (split.triplets.length === 0) onProblem({ kind: 'broken', message: `${title}: there is no triplet that can be read.` });
      remarks.push(...remarksOn(split, title));
      splits.push({ ...(chosen !== undefined && { category: chosen }), ...countsOf(split, limit) });
    }
    for (const [i, one] of read.entries()) for (const other of read.slice(i + 1)) leaks.push(...leaksBetween(one, other));
  }
  const opened = images && (await openImages(present, images));
  const all = [...problems.values()];
  const findings = (lines: readonly string[]): Findings => ({ count: lines.length, first: lines.slice(0, limit) });
  const total = splits.reduce((sum, { pictures: images }) => sum + images, 0);
  const absent = splits.reduce((sum, { missing }) => sum + missing.count, 0);
  const isEmpty = total > 0 && absent === total;
  const ofKind = (kind: AnnotationProblem['kind']) =>
    findings(all.filter((problem) => problem.kind === kind).map(({ message }) => message));
  return {
    dataset: format.id,
    directory,
    splits,
    broken: ofKind('broken'),
    duplicates: ofKind('duplicate'),
    leaks: findings(leaks),
    remarks,
    pictures: format.images,
    ...(opened ? { images: { opened: opened.opened, damaged: findings(opened.damaged) } } : {}),
    sound: leaks.length === 0 && all.every(({ harmless }) => harmless) && !isEmpty && !opened?.damaged.length,
    ...(isEmpty ? { unusable: `none of the ${total} images is there` } : {}),
  };
}

async function categoriesToRead(format: DatasetFormat, directory: string, chosen?: string): Promise<(string | undefined)[]> {
  if (chosen !== undefined || !format.categories || format.categoriesTogether) return [chosen];
  return [...(await format.categories(directory)).keys()];
}

function countsOf(split: Split, limit: number): Omit<SplitReport, 'category'> {
  return {
    split: split.name,
    pictures: split.images.length,
    triplets: split.triplets.length,
    texts: new Set(split.triplets.map(({ text }) => text)).size,
    missing: { count: split.missing.length, first: split.missing.slice(0, limit) },
  };
}

function imagesWithFiles({ images, missing }: Split): DatasetImage[] {
  const gone = new Set(missing);
  return images.filter(({ id }) => !gone.has(id));
}

/** What makes two triplets the same. */
const identity = ({ reference, targets, text }: Triplet) => JSON.stringify([reference, [...targets].sort(), text]);

function repeated(triplets: readonly Triplet[]): string[] {
  const seen = new Map<string, string>();
  const messages: string[] = [];
  // Where the targets are not known, equal rows may have different ones.
  for (const triplet of triplets.filter(({ targets }) => targets.length > 0)) {
    const key = identity(triplet);
    const before = seen.get(key);
    if (before) messages.push(`${triplet.source}: reference, target and text are those of ${before}.`);
    else seen.set(key, triplet.source);
  }
  return messages;
}

function leaksBetween(one: Split, other: Split): string[] {
  const training = one.name === 'train' || other.name === 'train';
  const imagesOf = training ? listed : queried;
  const images = imagesOf(other);
  const shared = [...imagesOf(one)].filter((id) => images.has(id));
  const sources = new Map(other.triplets.map((triplet) => [identity(triplet), triplet.source]));
  const pair = `${one.name} and ${other.name}`;
  return [
    ...shared.map((id) => `picture "${id}" is ${training ? 'in' : 'used by queries of'} both ${pair}.`),
    ...one.triplets.flatMap((triplet) => {
      const again = sources.get(identity(triplet));
      return again ? [`${triplet.source}: the same triplet is in ${other.name} (${again}).`] : [];
    }),
  ];
}

const listed = (split: Split) => new Set(split.images.map(({ id }) => id));
const queried = (split: Split) => new Set(split.triplets.flatMap(({ reference, targets }) => [reference, ...targets]));
