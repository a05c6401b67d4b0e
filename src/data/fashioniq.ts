/**
 * Reader of the FashionIQ layout (Wu et al., "Fashion IQ", CVPR 2021), which any catalogue can take:
 *
 *     captions/cap.{category}.{split}.json        [{ "target": id, "candidate": id, "captions": [text, text] }, ...]
 *     image_splits/split.{category}.{split}.json  [id, ...]
 *     images/{id}.jpg                             or .jpeg, .png, .webp
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LimnError, messageOf } from '../core/errors.js';
import { readJson } from '../core/files.js';
import { joinCaptions, type Picture, type Split, type SplitName, type Triplet } from './triplets.js';

export interface FashionIQOptions {
  /** The folder that holds captions/, image_splits/ and images/. */
  directory: string;
  category: string;
  split: SplitName;
  /**
   * What to do about pictures that are not in images/: `error` stops; `skip` leaves them and their triplets out; `ignore`
   * keeps everything, for work on the annotations alone (paths are then where the files would be). The ids are in the
   * split's `missing` in both cases. @default 'error'
   */
  onMissing?: 'error' | 'skip' | 'ignore';
  /** Whether a row without a target, as in FashionIQ's test files, is an error. @default 'required' */
  targets?: 'required' | 'optional';
}

const extensions = ['jpg', 'jpeg', 'png', 'webp'];
const idsSchema = z.array(z.string().min(1));
const rowSchema = z.object({
  candidate: z.string().min(1),
  target: z.string().min(1).optional(),
  captions: z.array(z.string()).min(1),
});

/**
 * The categories that have a caption file in `directory`, with the splits each has, in alphabetical order.
 *
 * @throws LimnError DATA when the folder has no caption files
 */
export async function listCategories(directory: string): Promise<Map<string, SplitName[]>> {
  const names = await namesIn(join(directory, 'captions'));
  const categories = new Map<string, SplitName[]>();
  for (const name of names.sort()) {
    const [, category, split] = /^cap\.(.+)\.(train|val|test)\.json$/.exec(name) ?? [];
    if (category && split) categories.set(category, [...(categories.get(category) ?? []), split as SplitName]);
  }
  if (categories.size === 0) {
    const message = `${directory} has no captions/cap.{category}.{split}.json; give the folder that holds captions/, image_splits/ and images/.`;
    throw new LimnError('DATA', message, { details: { directory } });
  }
  return categories;
}

/**
 * Reads one split of one category.
 *
 * @throws LimnError USAGE for a category or split that is not there; DATA for a broken file (naming file, row and key) or
 * missing pictures (with their count and the first ids)
 */
export async function readFashionIQ(options: FashionIQOptions): Promise<Split> {
  const { directory, category, split, onMissing = 'error', targets = 'required' } = options;
  const found = await listCategories(directory);
  const splits = found.get(category);
  if (!splits) {
    const message = `There is no category "${category}" in ${directory}; found: ${[...found.keys()].join(', ')}.`;
    throw new LimnError('USAGE', message, { details: { category, found: [...found.keys()] } });
  }
  if (!splits.includes(split)) {
    const message = `Category "${category}" in ${directory} has no split "${split}"; found: ${splits.join(', ')}.`;
    throw new LimnError('USAGE', message, { details: { category, split, found: splits } });
  }
  const ids = await readIds(join(directory, 'image_splits', `split.${category}.${split}.json`));
  const captionFile = join(directory, 'captions', `cap.${category}.${split}.json`);
  const triplets = await readTriplets(captionFile, ids, targets);
  const images = join(directory, 'images');
  const files = await pictureFiles(images);
  const missing = [...ids].filter((id) => !files.has(id));
  if (missing.length > 0 && onMissing === 'error') throw missingError(missing, ids.size, images);

  const absent = new Set(onMissing === 'skip' ? missing : []);
  const pictures: Picture[] = [];
  for (const id of ids) if (!absent.has(id)) pictures.push({ id, path: join(images, files.get(id) ?? `${id}.jpg`) });
  const usable = (triplet: Triplet) => ![triplet.reference, ...triplet.targets].some((id) => absent.has(id));
  return { name: split, pictures, triplets: triplets.filter(usable), missing };
}

async function readIds(path: string): Promise<Set<string>> {
  const parsed = idsSchema.safeParse(await readJson(path, 'a list of picture ids'));
  if (!parsed.success) throw new LimnError('DATA', `${path} must be a list of picture ids: ${explain(parsed.error)}.`);
  const ids = new Set<string>();
  for (const id of parsed.data) {
    if (ids.has(id)) throw new LimnError('DATA', `${path} has the id "${id}" twice; remove one.`, { details: { path, id } });
    ids.add(id);
  }
  return ids;
}

async function readTriplets(path: string, ids: ReadonlySet<string>, targets: 'required' | 'optional'): Promise<Triplet[]> {
  const rows = await readJson(path, 'a list of captions');
  if (!Array.isArray(rows)) throw new LimnError('DATA', `${path} must be a list of { candidate, target, captions }.`);
  return rows.map((row: unknown, index) => {
    const source = `${path} row ${index + 1}`;
    const fail = (what: string) => new LimnError('DATA', `${source}: ${what}.`, { details: { path, row: index + 1 } });
    const parsed = rowSchema.safeParse(row);
    if (!parsed.success) throw fail(`${explain(parsed.error)}; correct the row or remove it`);
    const { candidate, target, captions } = parsed.data;
    if (target === undefined && targets === 'required') {
      throw fail('"target" is missing; a test file without answers cannot be scored, use the val split');
    }
    for (const [key, id] of Object.entries({ candidate, target })) {
      if (id !== undefined && !ids.has(id)) throw fail(`"${key}" is "${id}", which image_splits/ does not list for this split`);
    }
    if (candidate === target) throw fail(`"candidate" and "target" are both "${target}"; a picture cannot be its own target`);
    const written = captions.map((caption) => caption.trim()).filter((caption) => caption !== '');
    const text = joinCaptions(written);
    if (text === '') throw fail('"captions" are all empty; write what changes or remove the row');
    return { reference: candidate, targets: target === undefined ? [] : [target], text, captions: written, source };
  });
}

/** Picture id -> file name. Of several files with one id the first of {@link extensions} counts. */
async function pictureFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, { name: string; place: number }>();
  for (const name of await namesIn(folder)) {
    const dot = name.lastIndexOf('.');
    const place = extensions.indexOf(name.slice(dot + 1).toLowerCase());
    const known = files.get(name.slice(0, dot));
    if (dot > 0 && place >= 0 && (!known || place < known.place)) files.set(name.slice(0, dot), { name, place });
  }
  return new Map([...files].map(([id, file]) => [id, file.name]));
}

/** The names in a folder; none where it does not exist. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw new LimnError('IO', `Cannot list ${folder}: ${messageOf(error)}.`, { details: { folder }, cause: error });
  }
}

function missingError(missing: readonly string[], total: number, images: string): LimnError {
  const first = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', ...' : '');
  const message = `${missing.length} of ${total} pictures are missing in ${images} (${first}); put them there as {id}.jpg, .jpeg, .png or .webp, or choose to skip missing pictures.`;
  return new LimnError('DATA', message, { details: { missing: missing.slice(0, 100), count: missing.length, total } });
}

/** The first complaint of a schema as `"key" what is wrong`. */
function explain(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'it has the wrong form';
  const [head, ...rest] = issue.path;
  const key = head === undefined ? 'the row' : typeof head === 'number' ? `entry ${head + 1}` : `"${String(head)}"`;
  const place = rest.map((part) => `[${String(part)}]`).join('');
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return `${key}${place} is missing`;
  return `${key}${place} is wrong (${issue.message.replace(/\s*\n\s*/g, ' ')})`;
}
