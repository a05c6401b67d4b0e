/** Reads a shop's table and finds the image of each row. Memory holds the images' names and a bounded draw of the rows, however long the table is. */
import { join } from 'node:path';
import { LimnError, throwIfAborted } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { CatalogueRow } from '../learning/from-metadata/catalogue-row.js';
import { openTable } from '../search/gallery/ingest/record-files.js';
import { RowProblems } from '../search/gallery/ingest/row-problems.js';
import { scanFolder } from '../search/gallery/ingest/scan.js';
import type { Catalogue } from './catalogue.js';
import { ImageKeys } from './image-keys.js';
import { namedRows } from './named-rows.js';

/** Where a catalogue is: its images and its table. */
export interface CatalogueOptions {
  /** The folder of the images. */
  images: string;
  /** CSV, TSV, JSON lines or Parquet. @default none: names of files and folders say what images are */
  list?: string | undefined;
  /** The column that names the image. @default the one that fits most images */
  imageColumn?: string | undefined;
  /** A captioner's folder, which describes images without a table whose names do not. @default none */
  captioner?: string | undefined;
  /** Most rows that are learned from; of more, so many are drawn. @default 12000 */
  most?: number | undefined;
  /** Seed of all random draws. @default 1 */
  seed?: number | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}

export const mostRows = 12_000;
const mostExamples = 5;
const enoughToSee = 20_000;

/** @throws LimnError DATA for an empty table, rows that cannot be read, or a table that fits no image; IO, USAGE */
export async function readCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  const { images, list, most = mostRows, seed = 1, signal } = options;
  const { paths } = await scanFolder(images);
  if (list === undefined) {
    const random = Random.derive(seed, 'rows of the catalogue');
    return namedRows(images, paths, { most, random, hasCaptioner: options.captioner !== undefined });
  }
  const keys = new ImageKeys(paths);
  const { column, rows: count, uniqueIds } = await findImageColumn(list, keys, options, paths);
  const random = Random.derive(seed, 'rows of the catalogue');
  const drawn: { at: number; row: CatalogueRow }[] = [];
  const taken = new Set<string>();
  const unmatched = { count: 0, examples: [] as string[] };
  let repeated = 0;
  const table = openTable(list);
  for await (const { values } of table.rows()) {
    const path = keys.find(values[column]);
    if (path === undefined) {
      const shown = JSON.stringify(String(values[column] ?? '').slice(0, 60));
      if (unmatched.count++ < mostExamples) unmatched.examples.push(shown);
      continue;
    }
    if (taken.has(path)) {
      repeated++;
      continue;
    }
    taken.add(path);
    if (taken.size % 1024 === 0) throwIfAborted(signal, 'reading the table');
    const { [column]: _, ...others } = values;
    const entry = { at: taken.size, row: { id: path, path: join(images, path), values: others } };
    // Every row has the same chance to be among those that are kept (Vitter's algorithm R).
    if (drawn.length < most) drawn.push(entry);
    else {
      const place = random.below(taken.size);
      if (place < most) drawn[place] = entry;
    }
  }
  const without = paths.length - taken.size;
  const notes = [
    ...table.notes(),
    `The column "${column}" names the images: ${taken.size} of ${count} rows fit one of the ${paths.length} images.`,
    ...(unmatched.count > 0
      ? [
          `${unmatched.count} rows fit no image: ${unmatched.examples.join(', ')}${unmatched.count > mostExamples ? ', ...' : ''}.`,
        ]
      : []),
    ...(repeated > 0 ? [`${repeated} rows name an image that an earlier row has; the first row counts.`] : []),
    ...(without > 0
      ? [
          `${without} images have no row (${examplesOf(paths.filter((path) => !taken.has(path)))}): they can be found, but are not learned from.`,
        ]
      : []),
    ...(taken.size > most ? [`${most} of ${taken.size} products are learned from, drawn by the seed.`] : []),
  ];
  return {
    rows: drawn.sort((a, b) => a.at - b.at).map(({ row }) => row),
    imageColumn: column,
    counts: { rows: count, matched: taken.size, images: paths.length },
    uniqueIds,
    isDescribed: true,
    notes,
  };
}

const examplesOf = (names: readonly string[]) => names.slice(0, 3).join(', ') + (names.length > 3 ? ', ...' : '');

/** A table with another separator than its ending says has one column, whose name has it. */
function separatorHint(columns: readonly string[]): string {
  const [only = ''] = columns;
  const separator = columns.length === 1 && [';', '\t', '|', ','].find((character) => only.includes(character));
  return separator ? ` Is the table separated by ${JSON.stringify(separator)}? Save it with commas, or as .tsv with tabs.` : '';
}

/** The column whose values fit the most images. */
async function findImageColumn(list: string, keys: ImageKeys, options: CatalogueOptions, paths: readonly string[]) {
  const { imageColumn, images, signal } = options;
  const fits = new Map<string, number>();
  const examples = new Map<string, string[]>();
  const problems = new RowProblems(list);
  const ids = new Set<string>();
  let [rows, idsSeen] = [0, 0];
  for await (const row of openTable(list).rows()) {
    if (rows++ % 1024 === 0) throwIfAborted(signal, 'reading the table');
    if (row.problem) {
      problems.add(row.problem, row.place);
      continue;
    }
    for (const [name, value] of Object.entries(row.values)) {
      // A column that fits nothing for so long does not name images.
      if (rows > enoughToSee && name !== imageColumn && (fits.get(name) ?? 0) < enoughToSee / 1000) continue;
      const path = keys.find(value);
      fits.set(name, (fits.get(name) ?? 0) + (path === undefined ? 0 : 1));
      const shown = examples.get(name) ?? [];
      if (shown.length < 3) examples.set(name, [...shown, JSON.stringify(String(value).slice(0, 40))]);
    }
    const id = row.values.id;
    if (id !== undefined && id !== '') {
      idsSeen++;
      ids.add(String(id));
    }
  }
  problems.refuse();
  if (rows === 0) {
    throw new LimnError('DATA', `The table ${list} has no rows: give one with a row for each product.`, { details: { list } });
  }
  if (imageColumn !== undefined && !fits.has(imageColumn)) {
    throw new LimnError('USAGE', `${list} has no column "${imageColumn}"; it has ${[...fits.keys()].join(', ')}.`);
  }
  const [best] =
    imageColumn === undefined ? [...fits].sort(([, a], [, b]) => b - a) : [[imageColumn, fits.get(imageColumn) ?? 0] as const];
  if (!best || best[1] === 0) {
    const shown = [...examples].slice(0, 4).map(([name, values]) => `${name}: ${values.join(', ')}`);
    const message = `None of the ${rows} rows of ${list} fits one of the ${paths.length} images of ${images} (such as ${examplesOf(paths)}). A column must name the image by its path, its file name, or its name without the ending; the columns have ${shown.join('; ')}.${separatorHint([...fits.keys()])}`;
    throw new LimnError('DATA', message, { details: { list, images, rows } });
  }
  return { column: best[0], rows, uniqueIds: idsSeen === rows && ids.size === rows };
}
