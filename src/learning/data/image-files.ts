/** Where the pictures of a dataset lie, and what is done about those that are absent. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LimnError, messageOf } from '../../core/errors.js';
import { readableAs } from '../../core/former-names.js';
import { imageExtensions } from '../../core/image-format.js';
import type { ReadOptions } from './dataset-format.js';
import { type DatasetImage, type Split, type Triplet, withoutImages } from './triplets.js';

const extensions: readonly string[] = imageExtensions;

/** A picture whose file was looked for. */
export interface SoughtImage extends DatasetImage {
  readonly found: boolean;
}

/** Finds files by their path in the annotations, under the first of several folders that has one; else where the first would have it. */
export function findUnder(folders: readonly [string, ...string[]], path: string): Pick<SoughtImage, 'path' | 'found'> {
  const places = folders.map((folder) => join(folder, path));
  const place = places.find((candidate) => existsSync(candidate));
  return { path: place ?? (places[0] as string), found: place !== undefined };
}

/** Picture id -> path of its file `{id}.jpg` in a folder. Of several files with one id the one counts whose ending comes first in {@link imageExtensions}. */
export async function filesById(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, { name: string; place: number }>();
  for (const name of await namesIn(folder)) {
    const dot = name.lastIndexOf('.');
    const place = extensions.indexOf(name.slice(dot + 1).toLowerCase());
    const known = files.get(name.slice(0, dot));
    if (dot > 0 && place >= 0 && (!known || place < known.place)) files.set(name.slice(0, dot), { name, place });
  }
  return new Map([...files].map(([id, file]) => [id, join(folder, file.name)]));
}

/**
 * File name -> its path, for all files in a folder and the folders in it. Of several files with one name the first by path counts.
 *
 * @param onTwice told of each further file of a name, and the one that counts
 */
export async function filesByName(
  folder: string,
  onTwice?: (name: string, path: string, first: string) => void,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const inside of (await namesIn(folder, true)).sort()) {
    const [name, path] = [basename(inside), join(folder, inside)];
    const first = files.get(name);
    if (first === undefined) files.set(name, path);
    else onTwice?.(name, path, first);
  }
  return files;
}

/** The names in a folder, with those of the folders in it as paths if `recursive`; none where it does not exist. */
export async function namesIn(folder: string, recursive = false): Promise<string[]> {
  try {
    return await readdir(folder, { recursive });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw new LimnError('IO', `Cannot list ${folder}: ${messageOf(error)}.`, { details: { folder }, cause: error });
  }
}

/**
 * The split of pictures that were looked for and of triplets, with the policy for absent pictures applied.
 *
 * @param place.folder where the pictures were looked for
 * @param place.advice how they must lie there, as "put them there as ..."
 * @throws LimnError DATA with the count and the first ids of absent pictures, where `onMissing` is `error`
 */
export function assembleSplit(
  { split: name, onMissing = 'error' }: Pick<ReadOptions, 'split' | 'onMissing'>,
  sought: readonly SoughtImage[],
  triplets: readonly Triplet[],
  place: { folder: string; advice: string },
): Split {
  const missing = sought.filter(({ found }) => !found).map(({ id }) => id);
  if (missing.length > 0 && onMissing === 'error') throw missingError(missing, sought.length, place);
  const images = sought.map(({ found, ...image }): DatasetImage => image);
  const skips = onMissing === 'skip';
  const split = readableAs({ name, images, triplets, missing: skips ? [] : missing }, 'pictures');
  return skips ? withoutImages(split, missing) : split;
}

function missingError(missing: readonly string[], total: number, place: { folder: string; advice: string }): LimnError {
  const first = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', ...' : '');
  const message = `${missing.length} of ${total} pictures are missing in ${place.folder} (${first}); ${place.advice}, or choose to skip missing pictures.`;
  return new LimnError('DATA', message, { details: { missing: missing.slice(0, 100), count: missing.length, total } });
}
