/** The attributes of a catalogue, column-wise: small numbers in place of texts, so that many rows fit in memory. */
import { LimnError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { type CatalogueRow, saysNone, valueText } from './catalogue-row.js';
import { numbersOf } from './column-numbers.js';
import { type Column, elementsOf } from './columns.js';
import { type Role, roleOf, wordsOfName } from './roles.js';
import { countsOf, mineTitles, titleWords } from './titles.js';
import { spellings } from './value-variants.js';

/** What products have one value of. `of` is the place of each row's value, -1 where it is not known. */
export interface CategoryAttribute {
  readonly kind: 'category';
  readonly name: string;
  readonly role: Role | undefined;
  /** Where it is from: a column, or words of the texts of columns. */
  readonly source: 'column' | 'words';
  /** '' stands for none of the others. */
  readonly values: readonly string[];
  readonly of: Int32Array;
  /** The values in other languages, where the table has columns of them: language -> value -> text. */
  readonly translations: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What products have several values of. */
export interface ListAttribute extends Omit<CategoryAttribute, 'kind' | 'of'> {
  readonly kind: 'list';
  /** Places of the values of each row, ascending; undefined where they are not known. */
  readonly of: readonly (readonly number[] | undefined)[];
}

export interface NumberAttribute extends Omit<CategoryAttribute, 'kind' | 'of' | 'values'> {
  readonly kind: 'number';
  /** NaN where it is not known. */
  readonly of: Float64Array;
  /** How far apart two numbers must be for a person to speak of it. */
  readonly step: number;
}

export type CatalogueAttribute = CategoryAttribute | ListAttribute | NumberAttribute;

export interface AttributeOptions {
  /** Columns to learn from, and no others. @default all that can be learned from */
  fields?: readonly string[] | undefined;
}

/** With fewer categories than this, words that come back in titles are attributes too. */
const poor = 3;

export interface ReadAttributes {
  attributes: CatalogueAttribute[];
  /** The free texts of each row, all together, where columns say so little that these have to. */
  texts?: readonly (string | undefined)[];
}

/** @throws LimnError USAGE for a field that is no column */
export function readAttributes(
  rows: readonly CatalogueRow[],
  columns: readonly Column[],
  { fields }: AttributeOptions = {},
): ReadAttributes {
  const names = columns.map(({ name }) => name);
  for (const field of fields ?? []) {
    if (names.includes(field)) continue;
    const message = `The table has no column "${field}". ${suggestion(field, names)}`;
    throw new LimnError('USAGE', message, { details: { field, columns: names } });
  }
  const chosen = columns.filter(({ name, kind }) => kind !== 'none' && (fields === undefined || fields.includes(name)));
  const translated = chosen.filter((column) => baseOf(column, names) !== undefined);
  const own = chosen.filter((column) => !translated.includes(column));
  const translations = ({ name }: Column) =>
    new Map(
      translated
        .filter((column) => baseOf(column, names) === name)
        .map((column) => [column.language as string, translationOf(rows, name, column.name)]),
    );
  const made = own.flatMap((column): CatalogueAttribute[] => {
    const base = { name: column.name, role: column.role, source: 'column', translations: translations(column) } as const;
    const cells = rows.map(({ values }) => values[column.name]);
    const textOf = (cell: unknown) => (column.hasNone && saysNone(cell) ? '' : valueText(cell));
    if (column.kind === 'category') return [category(base, cells.map(textOf))];
    if (column.kind === 'list') return [list(base, cells, column)];
    return column.kind === 'number' ? [number(base, cells)] : [];
  });
  const free = own.filter(({ kind }) => kind === 'text').map(({ name }) => name);
  if (free.length === 0) return { attributes: made };
  const categories = made.filter(({ kind }) => kind !== 'number');
  const isPoor = categories.length < poor;
  const texts = rows.map(({ values }) => joined(free.map((name) => valueText(values[name]))));
  const mined = mineTitles(texts, {
    taken: new Set(made.flatMap(({ role }) => role ?? [])),
    known: new Set(categories.flatMap((attribute) => ('values' in attribute ? attribute.values.flatMap(titleWords) : []))),
    words: isPoor,
  });
  const none = new Map<string, ReadonlyMap<string, string>>();
  const said = mined.map(({ name, role, of }) => category({ name, role, source: 'words', translations: none }, of));
  return { attributes: [...made, ...said], ...(isPoor ? { texts } : {}) };
}

type Base = Pick<CategoryAttribute, 'name' | 'role' | 'source' | 'translations'>;

const yes = new Set(['yes', 'true', '1', 'y']);
const no = new Set(['', 'no', 'false', '0', 'n']);

/** What a product has where a column of yes and no says yes: "has_belt" is "belt". */
export function presenceName(column: string): string {
  const words = wordsOfName(column).filter((word) => word !== 'has' && word !== 'is');
  return words.join(' ') || column;
}

/** A column of yes and no says whether a product has what the column is called by. */
function asPresence({ name }: Base, of: readonly (string | undefined)[]): readonly (string | undefined)[] {
  if (!of.every((value) => value === undefined || yes.has(value) || no.has(value))) return of;
  return of.map((value) => value && (yes.has(value) ? presenceName(name) : ''));
}

function category(base: Base, given: readonly (string | undefined)[]): CategoryAttribute {
  const written = asPresence(base, given);
  const spelling = spellings(countsOf(written), isProper(base));
  const of = written.map((value) => value && spelling.get(value));
  const values = [...countsOf(of).keys()].sort();
  const places = new Map(values.map((value, place) => [value, place]));
  return {
    ...base,
    kind: 'category',
    values,
    of: Int32Array.from(of, (value) => (value === undefined ? -1 : (places.get(value) as number))),
  };
}

/** Names of brands have no plural. */
const isProper = ({ role, source }: Base) => source === 'words' || role === 'brand';

function list(base: Base, cells: readonly unknown[], { separator }: Column): ListAttribute {
  const written = cells.map((cell) => elementsOf(cell, separator));
  const spelling = spellings(countsOf(written.flat()), isProper(base));
  const elements = written.map((row) => [...new Set(row.map((value) => spelling.get(value) as string))]);
  const values = [...new Set(elements.flat())].sort();
  const places = new Map(values.map((value, place) => [value, place]));
  const of = elements.map((row) =>
    row.length === 0 ? undefined : row.map((value) => places.get(value) as number).sort((a, b) => a - b),
  );
  return { ...base, kind: 'list', values, of };
}

function number(base: Base, cells: readonly unknown[]): NumberAttribute {
  const of = numbersOf(cells, base.role === 'price').values;
  const sorted = of.filter((value) => !Number.isNaN(value)).sort();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  // A quarter of where the middle half lies: what is nearer is not worth a word.
  return { ...base, kind: 'number', of, step: Math.max((at(0.75) - at(0.25)) / 4, Number.MIN_VALUE) };
}

const joined = (texts: readonly (string | undefined)[]) => {
  const known = texts.filter((text) => text !== undefined);
  return known.length === 0 ? undefined : known.join(' . ');
};

/** The column that a column of another language translates. */
function baseOf({ name, language }: Column, names: readonly string[]): string | undefined {
  if (language === undefined) return undefined;
  const base = wordsOfName(name).slice(0, -1).join(' ');
  return names.find((other) => other !== name && wordsOfName(other).join(' ') === base);
}

/** For each value of a column the one that the other column has most often beside it. */
function translationOf(rows: readonly CatalogueRow[], from: string, to: string): Map<string, string> {
  const pairs = new Map<string, Map<string, number>>();
  for (const { values } of rows) {
    const [value, text] = [valueText(values[from]), valueText(values[to])];
    if (value === undefined || text === undefined) continue;
    const counts = pairs.get(value) ?? new Map<string, number>();
    pairs.set(value, counts.set(text, (counts.get(text) ?? 0) + 1));
  }
  return new Map([...pairs].map(([value, counts]) => [value, [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] as string]));
}

/** The role of an attribute for its words: that of its name, where nothing better is known. */
export const roleOfAttribute = ({ role, name }: Pick<CatalogueAttribute, 'role' | 'name'>): Role | undefined =>
  role ?? roleOf(name);
