/**
 * Lists of pictures in files. Columns: `path` (inside the images folder) or `url`, `id` (the path or URL where there is none); every
 * other column is metadata.
 */
import { posix } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { checkNewId } from '../../store/check.js';
import { type ItemMetadata, isMetadataKey, type MetadataValue } from '../../store/metadata.js';
import { ColumnTypes, metadataValue } from './column-types.js';
import { type ImageList, isUrl, type ListedImage, locationInside } from './image-list.js';
import { openTable, type RecordTable } from './record-files.js';
import { RowProblems } from './row-problems.js';
import type { TableRow } from './table-row.js';

/** Columns that say which picture a row is about; they are found in any case, and everything else is metadata. */
const reserved = ['id', 'path', 'url'];

/**
 * Opens a list. It is read once here, which finds what is wrong with it before anything is done, and how long it is; and again, row by
 * row, when its pictures are asked for, so that only the ids are held in memory.
 *
 * @param images the folder that paths are relative to
 * @throws LimnError DATA that names the line, for a row without path and url, a path outside the images folder, an id that is there
 * twice, or a column that cannot be metadata; IO; USAGE for a file of another kind
 */
export async function listFile(file: string, images: string): Promise<ImageList> {
  const table = openTable(file);
  const types = new ColumnTypes(table.texts);
  const problems = new RowProblems(file);
  const ids = new Set<string>();
  const noteOfNames = new Set<string>();
  for await (const row of rowsOf(table, (note) => noteOfNames.add(note))) {
    problems.try(row.place, () => {
      if (row.problem) throw row.problem;
      const { id, location } = imageOf(row, images);
      checkKeys(row);
      checkListed(row, id, location);
      if (ids.has(id)) throw new LimnError('DATA', `${row.place}: the id "${id}" is there twice. Ids must be unique.`);
      ids.add(id);
      seeValues(types, row, reservedOf(row), file);
    });
  }
  problems.refuse();
  const total = ids.size;
  if (total === 0) throw new LimnError('DATA', `The list ${file} has no pictures.`, { details: { file } });
  ids.clear();
  const read = metadataReader(table, types);
  return {
    total,
    notes: [...namesNote(file, noteOfNames), ...table.notes(), ...types.notes(file)],
    async *images() {
      for await (const row of rowsOf(table)) yield { ...imageOf(row, images), metadata: read(row, reservedOf(row)) };
    },
  };
}

export interface MetadataFileOptions {
  /** The folder that absolute paths are inside of. @default paths are taken as they are */
  images?: string | undefined;
  /** Told what a person should know of the file, in sentences. @default nobody */
  onNote?: ((note: string) => void) | undefined;
}

/**
 * Metadata by the id of the picture, or by its path where the row has no id, from a file with a column `id` or `path`.
 *
 * @throws LimnError DATA, IO, USAGE as {@link listFile}
 */
export async function metadataFile(
  file: string,
  { images, onNote }: MetadataFileOptions = {},
): Promise<Map<string, ItemMetadata>> {
  const table = openTable(file);
  const types = new ColumnTypes(table.texts);
  const problems = new RowProblems(file);
  const rows: [string, TableRow][] = [];
  const seen = new Set<string>();
  const noteOfNames = new Set<string>();
  const without = ['id', 'path'];
  for await (const row of rowsOf(table, (note) => noteOfNames.add(note))) {
    problems.try(row.place, () => {
      if (row.problem) throw row.problem;
      const [given, path] = [textOf(row, 'id'), textOf(row, 'path')];
      const id = given ?? (path && ((images && locationInside(images, path)) || posix.normalize(path)));
      if (id === undefined) {
        throw new LimnError(
          'DATA',
          `${row.place} has neither an "id" nor a "path"${shownColumns(row)}: say which picture it is about.`,
        );
      }
      checkKeys(row);
      if (seen.has(id)) throw new LimnError('DATA', `${row.place}: the picture "${id}" is there twice. Merge the rows.`);
      seen.add(id);
      seeValues(types, row, without, file);
      rows.push([id, row]);
    });
  }
  problems.refuse();
  const read = metadataReader(table, types);
  const found = new Map(rows.map(([id, row]): [string, ItemMetadata] => [id, read(row, without)]));
  for (const note of [...namesNote(file, noteOfNames), ...table.notes(), ...types.notes(file)]) onNote?.(note);
  return found;
}

/** Rows with `id`, `path` and `url` under these names, however their columns are written. @param onRenamed told of a name that was found so */
async function* rowsOf(table: RecordTable, onRenamed?: (name: string) => void): AsyncGenerator<TableRow> {
  for await (const row of table.rows()) {
    const names = Object.keys(row.values).filter((name) => {
      const plain = name.trim().toLowerCase();
      return plain !== name && reserved.includes(plain) && !Object.hasOwn(row.values, plain);
    });
    if (names.length === 0) {
      yield row;
      continue;
    }
    const entries = Object.entries(row.values).map(([name, value]): [string, unknown] => {
      // Of "Path" and "PATH" the first one counts.
      const plain = name.trim().toLowerCase();
      return names.find((candidate) => candidate.trim().toLowerCase() === plain) === name ? [plain, value] : [name, value];
    });
    for (const name of names) onRenamed?.(name);
    yield { ...row, values: Object.fromEntries(entries) };
  }
}

function namesNote(file: string, names: ReadonlySet<string>): string[] {
  const shown = [...names].map((name) => `"${name}" as "${name.trim().toLowerCase()}"`);
  return shown.length === 0 ? [] : [`${file}: read the column ${shown.join(', ')}.`];
}

function seeValues(types: ColumnTypes, row: TableRow, without: readonly string[], file: string): void {
  types.see(row.values, row.place.replace(`${file} `, ''), without);
  // What cannot be a value is found before anything is done.
  for (const [name, value] of Object.entries(row.values)) if (!without.includes(name)) metadataValue(value, name, row.place);
}

/** @throws LimnError DATA for an id that no gallery takes */
function checkListed({ place }: TableRow, id: string, location: string): void {
  try {
    checkNewId(id);
  } catch (error) {
    throw new LimnError('DATA', `${place}: ${messageOf(error)}`, { cause: error });
  }
  if (location.length > longestLocation || location.includes('\0')) {
    throw new LimnError('DATA', `${place}: a path or URL has at most ${longestLocation} characters, and no NUL.`);
  }
}

/** What a store keeps of it. */
const longestLocation = 4096;

function imageOf(row: TableRow, images: string): Omit<ListedImage, 'metadata'> {
  const { place } = row;
  const [path, url] = [textOf(row, 'path'), textOf(row, 'url')];
  if (path !== undefined) {
    const location = locationInside(images, path);
    if (location === undefined) {
      throw new LimnError(
        'DATA',
        `${place}: the path "${path}" leads out of ${images}: say with --images which folder has them all.`,
      );
    }
    return { id: textOf(row, 'id') ?? location, location };
  }
  if (url === undefined)
    throw new LimnError('DATA', `${place} has neither a "path" nor a "url"${shownColumns(row)}: say where the picture is.`);
  if (!isUrl(url) || !URL.canParse(url)) {
    throw new LimnError('DATA', `${place}: "${url}" is not a URL that starts with http:// or https://.`);
  }
  return { id: textOf(row, 'id') ?? url, location: url };
}

/** Columns that are no metadata: a `url` is metadata where there is a path as well. */
function reservedOf(row: TableRow): string[] {
  return textOf(row, 'path') === undefined ? ['id', 'path', 'url'] : ['id', 'path'];
}

function textOf({ values, place }: TableRow, name: string): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (name === 'id' && (typeof value === 'number' || typeof value === 'bigint')) return String(value);
  throw new LimnError('DATA', `${place}: "${name}" must be a text.`);
}

function checkKeys({ values, place }: TableRow): void {
  const wrong = Object.keys(values).find((name) => !isMetadataKey(name) || name === '__proto__');
  if (wrong === undefined) return;
  throw new LimnError(
    'DATA',
    `${place}: the column ${JSON.stringify(wrong.slice(0, 80))} cannot be a field. Name it with letters, digits and "_", at most 64, no digit first.`,
  );
}

/** The columns that a row has, for messages; a separator that was not taken for one is told of. */
function shownColumns({ values }: TableRow): string {
  const names = Object.keys(values);
  if (names.length === 0) return '';
  const [only = ''] = names;
  const separator = names.length === 1 && [';', '\t', '|'].find((character) => only.includes(character));
  const hint = separator ? `, separated by ${JSON.stringify(separator)} and not by commas?` : '';
  return ` (its columns: ${names.slice(0, 8).join(', ').slice(0, 200)}${names.length > 8 ? ', ...' : ''}${hint})`;
}

type ReadMetadata = (row: TableRow, without: readonly string[]) => ItemMetadata;

function metadataReader({ texts }: RecordTable, types: ColumnTypes): ReadMetadata {
  return ({ values, place }, without) => {
    const kept = Object.entries(values).flatMap(([name, value]): [string, MetadataValue][] => {
      if (without.includes(name)) return [];
      const found = texts || typeof value === 'string' ? types.read(name, value as string) : metadataValue(value, name, place);
      return found === undefined ? [] : [[name, found]];
    });
    return Object.fromEntries(kept);
  };
}
