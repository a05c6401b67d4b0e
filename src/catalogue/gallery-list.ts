/** Writes the list that a shop's gallery is indexed from: each image with what the table says, under names that a filter can use. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { LimnError, messageOf, throwIfAborted } from '../core/errors.js';
import { openTable } from '../search/gallery/ingest/record-files.js';
import { scanFolder } from '../search/gallery/ingest/scan.js';
import { isMetadataKey } from '../search/store/metadata.js';
import type { Catalogue } from './catalogue.js';
import { ImageKeys } from './image-keys.js';
import { TextNumbers } from './text-numbers.js';

export interface GalleryList {
  /** The file to index. */
  file: string;
  /** Columns that have another name in the gallery, in sentences. */
  notes: string[];
}

/** @param folder where the list is written */
export async function writeGalleryList(
  folder: string,
  { images, list, signal }: { images: string; list?: string | undefined; signal?: AbortSignal | undefined },
  { imageColumn, uniqueIds }: Pick<Catalogue, 'imageColumn' | 'uniqueIds'>,
): Promise<GalleryList | undefined> {
  if (list === undefined || imageColumn === undefined) return undefined;
  const { paths } = await scanFolder(images);
  const keys = new ImageKeys(paths);
  const table = openTable(list);
  const { names, numbers } = await fieldNames(list, imageColumn, uniqueIds);
  const file = `${folder}/gallery-list.${table.texts ? 'csv' : 'jsonl'}`;
  const columns = ['path', ...names.values()];
  const line = (values: Readonly<Record<string, unknown>>) =>
    table.texts ? columns.map((name) => quoted(values[name])).join(',') : JSON.stringify(values);
  const out = createWriteStream(`${file}.tmp`);
  const failed = new Promise<never>((_, reject) => out.once('error', reject));
  failed.catch(() => {});
  const write = async (text: string) => {
    if (!out.write(`${text}\n`)) await Promise.race([new Promise<void>((resolve) => out.once('drain', () => resolve())), failed]);
  };
  const taken = new Set<string>();
  try {
    if (table.texts) await write(columns.join(','));
    for await (const { values } of table.rows()) {
      const path = keys.find(values[imageColumn]);
      if (path === undefined || taken.has(path)) continue;
      taken.add(path);
      if (taken.size % 1024 === 0) throwIfAborted(signal, 'writing the list of the gallery');
      const fields = [...names].flatMap(([column, name]): [string, unknown][] => {
        const written = numbers.get(column);
        const value = written ? written.read(values[column]) : flat(values[column]);
        return value === undefined ? [] : [[name, value]];
      });
      await write(line({ path, ...Object.fromEntries(fields) }));
    }
    for (const path of paths) if (!taken.has(path)) await write(line({ path }));
    out.end();
    await Promise.race([finished(out), failed]);
    await rename(`${file}.tmp`, file);
  } catch (error) {
    out.destroy();
    await rm(`${file}.tmp`, { force: true });
    if (LimnError.isInstance(error)) throw error;
    throw new LimnError('IO', `Cannot write ${file}: ${messageOf(error)}.`, { details: { path: file }, cause: error });
  }
  const renamed = [...names].filter(([column, name]) => column !== name).map(([column, name]) => `"${column}" as ${name}`);
  const written = [...numbers.keys()].map((column) => names.get(column));
  return {
    file,
    notes: [
      ...(renamed.length > 0 ? [`In the gallery, filters know ${renamed.join(', ')}.`] : []),
      ...(written.length > 0
        ? [`In the gallery, ${written.join(', ')} are plain numbers, without currencies and words for "missing".`]
        : []),
    ],
  };
}

/** The fields of columns, where "id" stays the image's id where it can be one, and the columns whose numbers have to be read. */
async function fieldNames(list: string, imageColumn: string, uniqueIds: boolean) {
  const columns = new Map<string, TextNumbers>();
  for await (const { values } of openTable(list).rows()) {
    for (const [name, value] of Object.entries(values)) {
      const seen = columns.get(name) ?? new TextNumbers(name);
      columns.set(name, seen);
      seen.add(value);
    }
  }
  const names = new Map<string, string>();
  const taken = new Set(['path', 'url', 'id']);
  for (const column of columns.keys()) {
    const isId = column === 'id' && uniqueIds;
    // The path is there anyway.
    if (column === imageColumn && !isId) continue;
    const plain = column
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .replace(/[^A-Za-z0-9_]/g, '_')
      .slice(0, 60);
    const base = isMetadataKey(plain) && plain !== '__proto__' ? plain : `c_${plain}`;
    let name = base;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}_${n}`;
    if (isId) name = 'id';
    taken.add(name.toLowerCase());
    names.set(column, name);
  }
  const numbers = new Map(
    [...columns].filter(([column, { isToRead }]) => isToRead && names.has(column) && names.get(column) !== 'id'),
  );
  return { names, numbers };
}

/** A value as metadata have it: lists in one text, nothing of objects. */
function flat(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((element) => typeof element !== 'object').join(', ');
  if (typeof value === 'bigint') return String(value);
  return value === null || value === '' || (typeof value === 'object' && !(value instanceof Date)) ? undefined : value;
}

function quoted(value: unknown): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
