/** Filters as SQL of PostgreSQL. All that a user wrote, fields too, is a parameter. */
import type { Comparison, Filter } from '../filter.js';
import type { MetadataValue } from '../metadata.js';
import { foldCase } from '../text.js';

/** Collects the parameters of a statement. */
export class SqlParameters {
  readonly values: unknown[] = [];

  /** @returns the parameter's place, e.g. "$3" */
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** A filter as a condition on `metadata` and `folded` that is true or false, never null. */
export function filterSql(filter: Filter, parameters: SqlParameters): string {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map((part) => filterSql(part, parameters));
      return parts.length === 0 ? String(filter.kind === 'and') : `(${parts.join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `(NOT ${filterSql(filter.filter, parameters)})`;
    case 'compare':
      return comparisonSql(filter.field, filter.comparison, filter.value, parameters);
    case 'in': {
      const parts = filter.values.map((value) => comparisonSql(filter.field, '=', value, parameters));
      return parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`;
    }
    case 'contains': {
      const field = `${parameters.add(filter.field)}::text`;
      const text = `coalesce(folded ->> ${field}, metadata ->> ${field})`;
      const found = `strpos(${text}, ${parameters.add(foldCase(filter.text))}::text) > 0`;
      return `(CASE WHEN ${typeOf(field)} = 'string' THEN ${found} ELSE false END)`;
    }
  }
}

function comparisonSql(field: string, comparison: Comparison, value: MetadataValue, parameters: SqlParameters): string {
  if (comparison === '=' && value !== null) return holds(field, value, parameters);
  const name = `${parameters.add(field)}::text`;
  if (value === null) return `(${typeOf(name)} ${comparison} 'null')`;
  const type = { string: 'string', number: 'number', boolean: 'boolean' }[typeof value as 'string' | 'number' | 'boolean'];
  if (comparison === '!=') return `(${typeOf(name)} = '${type}' AND NOT ${holds(field, value, parameters)})`;
  // CASE, because AND may compute its sides in any order, and a text has no numeric value.
  const wanted = parameters.add(typeof value === 'number' ? JSON.stringify(value) : value);
  const compared =
    typeof value === 'number'
      ? `(metadata -> ${name})::numeric ${comparison} ${wanted}::numeric`
      : `(metadata ->> ${name}) COLLATE "C" ${comparison} ${wanted}::text COLLATE "C"`;
  return `(CASE WHEN ${typeOf(name)} = '${type}' THEN ${compared} ELSE false END)`;
}

/** Equality, in the form that the GIN index knows. */
function holds(field: string, value: Exclude<MetadataValue, null>, parameters: SqlParameters): string {
  return `(metadata @> ${parameters.add(JSON.stringify({ [field]: value }))}::jsonb)`;
}

/** The type of a field's value; 'null' also for a missing one. */
function typeOf(field: string): string {
  return `coalesce(jsonb_typeof(metadata -> ${field}), 'null')`;
}
