/** A condition on one field that words of a text say, and how conditions are written in the filter language. */
import type { Comparison } from '../../store/filter.js';

export interface Condition {
  field: string;
  /** In the filter language. */
  filter: string;
  /** Whether the images are those without a value. */
  excludes: boolean;
  /** The words that say it: where they begin and end in the text, in UTF-16 units. */
  start: number;
  end: number;
}

const literal = (value: string | number | boolean) =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);

export const compare = (field: string, comparison: Comparison, value: string | number | boolean): string =>
  `${field} ${comparison} ${literal(value)}`;

/** One of the values. */
export function oneOf(field: string, values: readonly string[]): string {
  const [first, ...more] = values;
  return more.length === 0 ? compare(field, '=', first as string) : `${field} in (${values.map(literal).join(', ')})`;
}

/** Another value than these. */
export const noneOf = (field: string, values: readonly string[]): string =>
  values.map((value) => compare(field, '!=', value)).join(' and ');
