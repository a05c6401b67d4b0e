/** Rows of tables in files: CSV, TSV, JSON lines and Parquet, read piece by piece. */
import { extname } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { LimnError, messageOf } from '../../../core/errors.js';
import { readLines, streamText } from '../../../core/text-file.js';
import { readDelimited } from './delimited.js';

export interface TableRow {
  values: Readonly<Record<string, unknown>>;
  /** Where the row is, for error messages: "list.csv line 3". */
  place: string;
}

export interface Table {
  /** Whether all values are texts, whose types are to be found out. */
  texts: boolean;
  rows(): AsyncIterable<TableRow>;
}

/** Endings of files that are read as tables. */
export const tableExtensions = ['.csv', '.tsv', '.jsonl', '.ndjson', '.parquet'] as const;

/** @throws LimnError USAGE for a file with another ending; reading throws DATA for a file that is not what its ending says, IO */
export function openTable(file: string): Table {
  const ending = extname(file).toLowerCase();
  if (ending === '.csv' || ending === '.tsv')
    return { texts: true, rows: () => delimitedRows(file, ending === '.tsv' ? '\t' : ',') };
  if (ending === '.jsonl' || ending === '.ndjson') return { texts: false, rows: () => jsonRows(file) };
  if (ending === '.parquet') return { texts: false, rows: () => parquetRows(file) };
  throw new LimnError('USAGE', `${file} is no list that limn reads: give a file that ends in ${tableExtensions.join(', ')}.`);
}

async function* delimitedRows(file: string, separator: string): AsyncGenerator<TableRow> {
  let names: string[] | undefined;
  for await (const { fields, line } of readDelimited(streamText(file, 'a list of images'), file, separator)) {
    const place = `${file} line ${line}`;
    if (!names) {
      names = fields.map((name) => name.trim());
      const twice = names.find((name, i) => name !== '' && names?.indexOf(name) !== i);
      if (twice !== undefined) throw new LimnError('DATA', `${place}: the column "${twice}" is there twice. Rename one of them.`);
      continue;
    }
    if (fields.length !== names.length) {
      const what = `has ${fields.length} fields, but the first line names ${names.length} columns`;
      throw new LimnError('DATA', `${place} ${what}. Correct the line; a field with a "${separator}" in it needs quotes.`);
    }
    // An empty field says nothing of the picture, and a column without a name is nothing's.
    const named = names.flatMap((name, i): [string, string][] => (name && fields[i] ? [[name, fields[i]]] : []));
    yield { values: Object.fromEntries(named), place };
  }
}

async function* jsonRows(file: string): AsyncGenerator<TableRow> {
  let number = 0;
  for await (const text of readLines(file, 'a list of images')) {
    number++;
    const line = text.trim();
    if (line === '') continue;
    const place = `${file} line ${number}`;
    let values: unknown;
    try {
      values = JSON.parse(line);
    } catch (error) {
      throw new LimnError('DATA', `${place} is not valid JSON (${messageOf(error)}). Write one object a line.`, { cause: error });
    }
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw new LimnError('DATA', `${place} is no object. Write one object a line, e.g. {"path": "a.jpg", "price": 12}.`);
    yield { values: values as Record<string, unknown>, place };
  }
}

const parquetChunk = 2000;

async function* parquetRows(file: string): AsyncGenerator<TableRow> {
  try {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    const count = Number(metadata.num_rows);
    for (let rowStart = 0; rowStart < count; rowStart += parquetChunk) {
      const rowEnd = Math.min(count, rowStart + parquetChunk);
      const rows = await parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd });
      for (const [i, values] of rows.entries()) yield { values, place: `${file} row ${rowStart + i + 1}` };
    }
  } catch (error) {
    if (LimnError.isInstance(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code === undefined ? 'DATA' : 'IO';
    const message = `Cannot read the list ${file}: ${messageOf(error)}; is it a whole Parquet file?`;
    throw new LimnError(code, message, { cause: error });
  }
}
