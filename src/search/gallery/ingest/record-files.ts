/** Rows of tables in files: CSV, TSV, JSON lines and Parquet, read piece by piece. */
import { extname } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { firstRepeated } from '../../../core/repeated.js';
import { readLines, streamText } from '../../../core/text-file.js';
import { readDelimited } from './delimited.js';
import { parquetRows } from './parquet-rows.js';
import type { TableRow } from './table-row.js';

export interface RecordTable {
  /** Whether all values are texts, whose types are to be found out. */
  texts: boolean;
  rows(): AsyncIterable<TableRow>;
  /** What a person should know of the rows that were read last, in sentences. */
  notes(): string[];
}

/** Endings of files that are read as tables. */
export const tableExtensions = ['.csv', '.tsv', '.jsonl', '.ndjson', '.parquet'] as const;

/** @throws LimnError USAGE for a file with another ending; reading throws DATA for a file that is not what its ending says, IO */
export function openTable(file: string): RecordTable {
  const ending = extname(file).toLowerCase();
  if (ending === '.csv' || ending === '.tsv') {
    const unnamed: Unnamed = new Map();
    const notes = () =>
      [...unnamed].map(
        ([column, { count, place }]) =>
          `${file}: the column ${column} has no name, so its ${count} values are left out, the first in ${place}.`,
      );
    return { texts: true, rows: () => delimitedRows(file, ending === '.tsv' ? '\t' : ',', unnamed), notes };
  }
  const notes = () => [];
  if (ending === '.jsonl' || ending === '.ndjson') return { texts: false, rows: () => jsonRows(file), notes };
  if (ending === '.parquet') return { texts: false, rows: () => parquetRows(file), notes };
  throw new LimnError(
    'USAGE',
    `${file} is not a list that limn can read: give a file that ends in ${tableExtensions.join(', ')}.`,
  );
}

/** Values of columns without a name, by the column's number from 1. */
type Unnamed = Map<number, { count: number; place: string }>;

async function* delimitedRows(file: string, separator: string, unnamed: Unnamed): AsyncGenerator<TableRow> {
  let names: string[] | undefined;
  unnamed.clear();
  for await (const { fields, line } of readDelimited(streamText(file, 'a list of images'), file, separator)) {
    const place = `${file} line ${line}`;
    if (!names) {
      names = fields.map((name) => name.trim());
      const twice = firstRepeated(names.filter((name) => name !== ''));
      if (twice !== undefined) throw new LimnError('DATA', `${place}: the column "${twice}" is there twice. Rename one of them.`);
      continue;
    }
    if (fields.length !== names.length) {
      const what = `has ${fields.length} fields, but the first line names ${names.length} columns`;
      const advice = `Correct the line; a field with a "${separator}" in it needs quotes.`;
      yield { values: {}, place, problem: new LimnError('DATA', `${place} ${what}. ${advice}`) };
      continue;
    }
    for (const [i, name] of names.entries()) {
      if (name !== '' || fields[i] === '') continue;
      const known = unnamed.get(i + 1);
      if (known) known.count++;
      else unnamed.set(i + 1, { count: 1, place: `line ${line}` });
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
      const message = `${place} is not valid JSON (${messageOf(error)}). Write one object on each line.`;
      yield { values: {}, place, problem: new LimnError('DATA', message, { cause: error }) };
      continue;
    }
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
      yield { values: values as Record<string, unknown>, place };
      continue;
    }
    const message = `${place} is not an object. Write one object on each line, e.g. {"path": "a.jpg", "price": 12}.`;
    yield { values: {}, place, problem: new LimnError('DATA', message) };
  }
}
