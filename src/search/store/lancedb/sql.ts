/**
 * Filters and ids as SQL of LanceDB, which takes no parameters. Every text of a user goes through {@link textLiteral}, and fields are
 * columns only where the table has them.
 */
import { LimnError } from '../../../core/errors.js';
import type { Comparison, Filter } from '../filter.js';
import { isMetadataKey, type MetadataValue } from '../metadata.js';
import { foldCase, isStorable } from '../text.js';

export type LanceColumnKind = 'text' | 'number' | 'flag';

/** The column that holds the field's values of one type. */
export function columnOf(kind: LanceColumnKind, field: string): string {
  if (!isMetadataKey(field)) throw new LimnError('USAGE', `${JSON.stringify(field)} is not a valid field.`);
  return `${kind}_${field}`;
}

export function kindOf(value: Exclude<MetadataValue, null>): LanceColumnKind {
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'number' : 'flag';
}

/** A text in single quotes, each ' in it doubled; a backslash means nothing. */
export function textLiteral(text: string): string {
  if (!isStorable(text)) throw new LimnError('USAGE', 'A text has a NUL or half of a surrogate pair.');
  return `'${text.replaceAll("'", "''")}'`;
}

function literal(value: Exclude<MetadataValue, null>): string {
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (!Number.isFinite(value)) throw new LimnError('USAGE', `${value} is not finite.`);
  // Always with an exponent, so that whole numbers of any size are read as doubles.
  return value.toExponential().replace('+', '');
}

export function idsIn(ids: readonly string[]): string {
  return `id IN (${ids.map(textLiteral).join(', ')})`;
}

const opposites: Record<Comparison, Comparison> = { '=': '!=', '!=': '=', '<': '>=', '<=': '>', '>': '<=', '>=': '<' };

/**
 * A filter as a condition. `not` is taken down to the comparisons, which name nulls where those are to match, because a comparison
 * with null is neither true nor false in SQL.
 *
 * @param columns the columns that the table has
 * @param negated the opposite
 */
export function filterSql(filter: Filter, columns: ReadonlySet<string>, negated = false): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return joined(
        filter.filters.map((part) => filterSql(part, columns, negated)),
        (filter.kind === 'and') !== negated,
      );
    case 'not':
      return filterSql(filter.filter, columns, !negated);
    case 'compare':
      return comparisonSql(filter.field, filter.comparison, filter.value, columns, negated);
    case 'in':
      return listSql(filter.field, filter.values, columns, negated);
    case 'contains': {
      const column = quoted('text', filter.field, columns);
      if (!column) return String(negated);
      const found = `contains(replace(lower(${column}), 'ς', 'σ'), ${textLiteral(foldCase(filter.text))})`;
      return negated ? `(${column} IS NULL OR NOT ${found})` : found;
    }
  }
}

function comparisonSql(
  field: string,
  comparison: Comparison,
  value: MetadataValue,
  columns: ReadonlySet<string>,
  negated: boolean,
): string {
  if (value === null) return absence(field, columns, (comparison === '=') !== negated);
  const column = quoted(kindOf(value), field, columns);
  if (!column) return String(negated);
  if (!negated) return `${column} ${comparison} ${literal(value)}`;
  return `(${column} IS NULL OR ${column} ${opposites[comparison]} ${literal(value)})`;
}

function listSql(field: string, values: readonly MetadataValue[], columns: ReadonlySet<string>, negated: boolean): string {
  const parts = (['text', 'number', 'flag'] as const).flatMap((kind) => {
    const column = quoted(kind, field, columns);
    const listed = values.filter((value) => value !== null && kindOf(value) === kind) as Exclude<MetadataValue, null>[];
    if (!column || listed.length === 0) return [];
    const list = `${column} ${negated ? 'NOT IN' : 'IN'} (${listed.map(literal).join(', ')})`;
    return [negated ? `(${column} IS NULL OR ${list})` : list];
  });
  if (values.includes(null)) parts.push(absence(field, columns, !negated));
  return joined(parts, negated);
}

/** Whether the field has no value. */
function absence(field: string, columns: ReadonlySet<string>, absent: boolean): string {
  const parts = (['text', 'number', 'flag'] as const).flatMap((kind) => {
    const column = quoted(kind, field, columns);
    return column ? [`${column} IS ${absent ? '' : 'NOT '}NULL`] : [];
  });
  return joined(parts, absent);
}

function quoted(kind: LanceColumnKind, field: string, columns: ReadonlySet<string>): string | undefined {
  const column = columnOf(kind, field);
  return columns.has(column) ? `\`${column}\`` : undefined;
}

function joined(parts: readonly string[], all: boolean): string {
  return parts.length === 0 ? String(all) : `(${parts.join(all ? ' AND ' : ' OR ')})`;
}
