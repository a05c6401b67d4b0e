/** Looks at the columns of a catalogue and says what each is: categories, numbers, lists, free text, or nothing to learn from. */
import { type CatalogueRow, saysNone, valueText } from './catalogue-row.js';
import { numbersOf } from './column-numbers.js';
import { partOf } from './english/parts.js';
import { languageOf, type Role, roleOf, wordsOfName } from './roles.js';

export type ColumnKind = 'category' | 'list' | 'number' | 'text' | 'none';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly role: Role | undefined;
  /** Of the column's values, where its name says so ("title_de"). */
  readonly language: string | undefined;
  /** Rows with a value. */
  readonly filled: number;
  /** Different values; of a list, different elements. */
  readonly distinct: number;
  /** Between the elements of a list that is written as a text. */
  readonly separator: string | undefined;
  /** Whether "none" is one of its values, as of sleeves, and no word for a missing one. */
  readonly hasNone?: boolean;
  /** Why nothing is learned from it, where its kind is "none". */
  readonly reason?: string;
}

const separators = ['|', ';', ', ', ',', ' / ', '/'] as const;
const dates = [/^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[t ].*)?$/, /^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?: .*)?$/] as const;
/** What a product has and its image does not show, however well it goes with what images do show. */
const unseen: ReadonlySet<Role> = new Set<Role>(['season', 'year', 'size']);
/** More different values than this are no categories. */
const mostCategories = 400;

/** The elements of a list, in small letters, each once. */
export function elementsOf(value: unknown, separator: string | undefined): string[] {
  const parts = Array.isArray(value) ? value : String(value ?? '').split(separator ?? '|');
  return [...new Set(parts.flatMap((part) => valueText(part) ?? []))];
}

/** The columns in the order in which rows name them. @param wanted columns that are taken whatever their values look like */
export function typeColumns(rows: readonly CatalogueRow[], wanted: readonly string[] = []): Column[] {
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  return names.map((name) => typeColumn(name, rows, wanted.includes(name)));
}

function typeColumn(name: string, rows: readonly CatalogueRow[], isWanted: boolean): Column {
  const cells = rows.map(({ values }) => (values[name] instanceof Date ? values[name].toISOString() : values[name]));
  const role = roleOf(name);
  const hasNone = isNoneValue(name, role, cells);
  const given = cells.filter((value) => Array.isArray(value) || valueText(value) !== undefined || (hasNone && saysNone(value)));
  const texts = given.map((value) => (Array.isArray(value) ? value.join('|') : (valueText(value) ?? 'none')));
  const distinct = new Set(texts).size;
  const filled = given.length;
  const column = {
    name,
    role,
    ...(hasNone ? { hasNone } : {}),
    language: languageOf(name),
    filled,
    distinct,
    separator: undefined,
  };
  const none = (reason: string): Column => ({ ...column, kind: 'none', reason });
  if (filled === 0) return none('it is empty');
  if (distinct === 1) return none(`all of its values are ${JSON.stringify(texts[0]?.slice(0, 40))}`);
  if (filled < 2 || filled < rows.length / 50) return none(`only ${filled} of ${rows.length} rows have a value`);
  if (role === 'product') return { ...column, kind: 'none', reason: 'it says which rows are one product' };
  if (role !== undefined && unseen.has(role) && !isWanted)
    return none('images do not show it; name it among the fields to learn from it');
  if (role === 'identifier' && !isWanted) return none('its name says that it identifies rows');
  if (texts.every((text) => dates.some((date) => date.test(text)))) return none('its values are dates');
  const { values: numbers, currencies } = numbersOf(given, role === 'price');
  if (role !== 'size' && numbers.every((number) => !Number.isNaN(number))) {
    const isCode = distinct === filled && role === undefined && !isWanted && numbers.every(Number.isInteger);
    if (isCode && filled > 10) return none('its values are whole numbers that never repeat, as of an id');
    if (currencies.length > 1) return none(`its values are in several currencies (${currencies.join(', ')})`);
    return { ...column, kind: 'number' };
  }
  const list = listOf(given, texts);
  if (list) return { ...column, kind: 'list', ...list };
  const words = texts.reduce((sum, text) => sum + text.split(' ').length, 0) / filled;
  const repeats = distinct <= Math.max(2, filled * 0.5) && distinct <= mostCategories;
  if (role === 'title' && (words >= 2 || !repeats)) return { ...column, kind: 'text' };
  if (repeats && words < 6) return { ...column, kind: 'category' };
  if (words >= 2.5) return { ...column, kind: 'text' };
  if (distinct <= mostCategories && (isWanted || (role !== undefined && filled <= 40))) return { ...column, kind: 'category' };
  return none(`it has ${distinct} different values in ${filled} rows, too many to compare`);
}

/**
 * A part of a product can be absent, and so can a pattern. Of other columns "none" is a value where cells without one are left empty, unless it
 * could be none: products always have a colour, a brand and so on.
 */
function isNoneValue(name: string, role: Role | undefined, cells: readonly unknown[]): boolean {
  const nones = cells.filter(saysNone).length;
  if (nones === 0) return false;
  if (role === 'pattern' || partOf(wordsOfName(name))) return true;
  return role === undefined && cells.some((cell) => valueText(cell) === undefined && !saysNone(cell));
}

/** How the values are lists, if they are: arrays, or texts whose parts repeat more than they do. */
function listOf(given: readonly unknown[], texts: readonly string[]): Pick<Column, 'separator' | 'distinct'> | undefined {
  const count = (separator: string | undefined) => new Set(given.flatMap((value) => elementsOf(value, separator))).size;
  if (given.some(Array.isArray)) return { separator: undefined, distinct: count(undefined) };
  const wholes = new Set(texts).size;
  for (const separator of separators) {
    const split = texts.filter((text) => text.includes(separator));
    if (split.length < texts.length * 0.2 || split.length < 2) continue;
    const parts = split.flatMap((text) => text.split(separator));
    const short = parts.reduce((sum, part) => sum + part.trim().split(' ').length, 0) / parts.length <= 3;
    const distinct = count(separator);
    if (short && distinct <= mostCategories && distinct <= wholes) {
      return { separator, distinct };
    }
  }
  return undefined;
}
