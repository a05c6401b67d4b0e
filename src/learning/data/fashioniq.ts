/**
 * Reader of the FashionIQ layout (Wu et al., "Fashion IQ", CVPR 2021), which any catalogue can take:
 *
 *     captions/cap.{category}.{split}.json        [{ "target": id, "candidate": id, "captions": [text, text] }, ...]
 *     image_splits/split.{category}.{split}.json  [id, ...]
 *     images/{id}.jpg                             or .jpeg, .png, .webp
 */
import { join } from 'node:path';
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { defineDataset, type ReadOptions, requireCategory, requireSplit } from './dataset-format.js';
import { assembleSplit, filesById, namesIn } from './image-files.js';
import { checkOwnTarget, silent } from './odd-rows.js';
import { type AnnotationRow, eachRow, explain, jsonRows, type OnProblem, report } from './rows.js';
import { correctCaptions, protocolText } from './spelling.js';
import type { Split, SplitName, Triplet } from './triplets.js';

/** Options of {@link readFashionIQ}. */
export interface FashionIQOptions extends ReadOptions {
  category: string;
}

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
  const { directory, category, split, onProblem } = options;
  const splits = requireCategory(directory, category, await listCategories(directory));
  requireSplit(`Category "${category}" in ${directory}`, split, splits);
  const ids = await readIds(join(directory, 'image_splits', `split.${category}.${split}.json`), onProblem);
  const captionFile = join(directory, 'captions', `cap.${category}.${split}.json`);
  const rows = await jsonRows(captionFile, 'a list of captions', '{ candidate, target, captions }');
  const triplets = eachRow(rows, onProblem, (row) => readTriplet(row, ids, options));
  const images = join(directory, 'images');
  const files = await filesById(images);
  const sought = [...ids].map((id) => ({ id, path: files.get(id) ?? join(images, `${id}.jpg`), found: files.has(id) }));
  const advice = 'put them there as {id}.jpg, .jpeg, .png or .webp';
  return assembleSplit(options, sought, triplets, { folder: images, advice });
}

async function readIds(path: string, onProblem: OnProblem | undefined): Promise<Set<string>> {
  const parsed = idsSchema.safeParse(await readJson(path, 'a list of picture ids'));
  if (!parsed.success) throw new LimnError('DATA', `${path} must be a list of picture ids: ${explain(parsed.error)}.`);
  const ids = new Set<string>();
  for (const id of parsed.data) {
    if (ids.has(id)) report({ kind: 'duplicate', message: `${path} has the id "${id}" twice; remove one.` }, onProblem);
    ids.add(id);
  }
  return ids;
}

function readTriplet(row: AnnotationRow, ids: ReadonlySet<string>, options: ReadOptions): Triplet {
  const { targets = 'required', spelling } = options;
  const { candidate, target, captions } = row.parse(rowSchema);
  if (target === undefined && targets === 'required') {
    throw row.fail('"target" is missing; a test file without answers cannot be scored, use the val split');
  }
  for (const [key, id] of Object.entries({ candidate, target })) {
    if (id !== undefined && !ids.has(id)) throw row.fail(`"${key}" is "${id}", which image_splits/ does not list for this split`);
  }
  checkOwnTarget(candidate, [target], options, () =>
    row.fail(`"candidate" and "target" are both "${target}"; a picture cannot be its own target`),
  );
  const written = captions.map((caption) => caption.trim()).filter((caption) => caption !== '');
  const text = protocolText(written, spelling);
  const empty = () => row.fail('"captions" are all empty; write what changes or remove the row');
  return {
    reference: candidate,
    targets: target === undefined ? [] : [target],
    text: text || silent(options, empty),
    captions: text === '' ? [] : correctCaptions(written, spelling),
    source: row.source,
  };
}

export const fashionIQ = defineDataset({
  id: 'fashioniq',
  description: 'FashionIQ (Wu et al. 2021), or any catalogue in its layout',
  layout: 'captions/cap.{category}.{split}.json, image_splits/split.{category}.{split}.json, images/{id}.jpg',
  images: 'FashionIQ gives the addresses of its pictures (asin2url files); put them in images/ as {id}.jpg, .jpeg, .png or .webp',
  defaultProtocol: 'fashioniq-original-ref-excluded',
  categories: listCategories,
  async splits(directory, category = '') {
    return requireCategory(directory, category, await listCategories(directory));
  },
  async read(options) {
    return readFashionIQ({ ...options, category: options.category ?? (await onlyCategory(options.directory)) });
  },
});

async function onlyCategory(directory: string): Promise<string> {
  const names = [...(await listCategories(directory)).keys()];
  if (names.length === 1) return names[0] as string;
  throw new LimnError('USAGE', `${directory} has several categories: choose one of ${names.join(', ')}.`);
}
