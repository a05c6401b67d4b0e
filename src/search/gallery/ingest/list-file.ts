/**
 * Lists of pictures in files. Columns: `path` (inside the images folder) or `url`, `id` (the path or URL where there is none); every
 * other column is metadata.
 */
import { posix } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { checkId } from '../../store/check.js';
import { isMetadataKey, type Metadata, type MetadataValue } from '../../store/metadata.js';
import { ColumnTypes, metadataValue } from './column-types.js';
import { isUrl, type ListedPicture, locationInside, type PictureList } from './picture-list.js';
import { openTable, type TableRow } from './record-files.js';

/**
 * Opens a list. It is read once here, which finds what is wrong with it before anything is done, and how long it is; and again, row by
 * row, when its pictures are asked for, so that only the ids are held in memory.
 *
 * @param images the folder that paths are relative to
 * @throws LimnError DATA that names the line, for a row without path and url, a path outside the images folder, an id that is there
 * twice, or a column that cannot be metadata; IO; USAGE for a file of another kind
 */
export async function listFile(file: string, images: string): Promise<PictureList> {
  const table = openTable(file);
  const types = new ColumnTypes();
  const ids = new Set<string>();
  for await (const row of table.rows()) {
    if (table.texts) types.see(row.values);
    const { id } = pictureOf(row, images);
    checkKeys(row);
    checkListed(row, id);
    if (ids.has(id))
      throw new LimnError('DATA', `${row.place}: the id "${id}" is there for the second time. Ids must be unique.`);
    ids.add(id);
  }
  const total = ids.size;
  if (total === 0) throw new LimnError('DATA', `The list ${file} has no pictures.`, { details: { file } });
  ids.clear();
  const read = table.texts ? textMetadata(types) : otherMetadata;
  return {
    total,
    async *pictures() {
      for await (const row of table.rows()) yield { ...pictureOf(row, images), metadata: read(row, reservedOf(row)) };
    },
  };
}

/**
 * Metadata by the id of the picture, from a file with a column `id` or `path`.
 *
 * @throws LimnError DATA, IO, USAGE as {@link listFile}
 */
export async function metadataFile(file: string): Promise<Map<string, Metadata>> {
  const table = openTable(file);
  const types = new ColumnTypes();
  const rows: TableRow[] = [];
  for await (const row of table.rows()) {
    checkKeys(row);
    if (table.texts) types.see(row.values);
    rows.push(row);
  }
  const read = table.texts ? textMetadata(types) : otherMetadata;
  const found = new Map<string, Metadata>();
  for (const row of rows) {
    const [given, path] = [textOf(row, 'id'), textOf(row, 'path')];
    const id = given ?? (path && posix.normalize(path));
    if (id === undefined) {
      throw new LimnError('DATA', `${row.place} has neither an "id" nor a "path": say which picture it is about.`);
    }
    if (found.has(id)) throw new LimnError('DATA', `${row.place}: the picture "${id}" is there twice. Join the rows.`);
    found.set(id, read(row, ['id', 'path']));
  }
  return found;
}

/** @throws LimnError DATA for an id that no gallery takes */
function checkListed({ place }: TableRow, id: string): void {
  try {
    checkId(id);
  } catch (error) {
    throw new LimnError('DATA', `${place}: ${messageOf(error)}`, { cause: error });
  }
}

function pictureOf(row: TableRow, images: string): Omit<ListedPicture, 'metadata'> {
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
  if (url === undefined) throw new LimnError('DATA', `${place} has neither a "path" nor a "url": say where the picture is.`);
  if (!isUrl(url) || !URL.canParse(url)) {
    throw new LimnError('DATA', `${place}: "${url}" is no URL that starts with http:// or https://.`);
  }
  return { id: textOf(row, 'id') ?? url, location: url };
}

/** Columns that are no metadata: a `url` is metadata where there is a path as well. */
function reservedOf(row: TableRow): string[] {
  return textOf(row, 'path') === undefined ? ['id', 'path', 'url'] : ['id', 'path'];
}

function textOf({ values, place }: TableRow, name: string): string | undefined {
  const value = values[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (name === 'id' && (typeof value === 'number' || typeof value === 'bigint')) return String(value);
  throw new LimnError('DATA', `${place}: "${name}" must be a text.`);
}

function checkKeys({ values, place }: TableRow): void {
  const wrong = Object.keys(values).find((name) => !isMetadataKey(name));
  if (wrong === undefined) return;
  throw new LimnError(
    'DATA',
    `${place}: the column "${wrong}" cannot be a field. Name it with letters, digits and "_", at most 64, no digit first.`,
  );
}

type ReadMetadata = (row: TableRow, without: readonly string[]) => Metadata;

const textMetadata =
  (types: ColumnTypes): ReadMetadata =>
  ({ values }, without) =>
    record(values, without, (name, value) => types.read(name, value as string));

const otherMetadata: ReadMetadata = ({ values, place }, without) =>
  record(values, without, (name, value) => metadataValue(value, name, place));

function record(
  values: TableRow['values'],
  without: readonly string[],
  read: (name: string, value: unknown) => MetadataValue | undefined,
): Metadata {
  const kept = Object.entries(values).flatMap(([name, value]): [string, MetadataValue][] => {
    const found = without.includes(name) ? undefined : read(name, value);
    return found === undefined ? [] : [[name, found]];
  });
  return Object.fromEntries(kept);
}
