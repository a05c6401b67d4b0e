/** What every filter must be, whether it was parsed or built by a program. */
import { LimnError } from '../../core/errors.js';
import type { Filter } from './filter.js';
import { isMetadataKey, type MetadataValue } from './metadata.js';
import { isStorable } from './text.js';

/** Limits that keep a filter of a stranger cheap. */
export const filterLimits = {
  /** Characters of a filter in the filter language, and of a text in it. */
  length: 4096,
  /** How deep `not`, `and`, `or` and parentheses may lie in each other. */
  depth: 16,
  /** Parts of a filter and values of `in` together. */
  values: 1000,
} as const;

const comparisons = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** @throws LimnError USAGE for a field, value or nesting that the language does not have */
export function checkFilter(filter: Filter): void {
  let values = 0;
  const check = (part: Filter, depth: number): void => {
    if (depth > filterLimits.depth) throw wrong(`it is nested deeper than ${filterLimits.depth}`);
    values++;
    switch (part.kind) {
      case 'and':
      case 'or':
        for (const inner of part.filters) check(inner, depth + 1);
        break;
      case 'not':
        check(part.filter, depth + 1);
        break;
      case 'compare':
        checkField(part.field);
        checkValue(part.value);
        checkComparison(part.comparison, part.value);
        break;
      case 'in':
        checkField(part.field);
        values += part.values.length;
        part.values.forEach(checkValue);
        break;
      case 'contains':
        checkField(part.field);
        if (typeof part.text !== 'string') throw wrong('"contains" needs a text');
        checkValue(part.text);
        break;
      default:
        throw wrong(`"${(part as { kind: unknown }).kind}" is not a kind of filter`);
    }
    if (values > filterLimits.values) throw wrong(`it has more than ${filterLimits.values} parts and values`);
  };
  check(filter, 0);
}

function checkField(field: string): void {
  if (typeof field !== 'string' || !isMetadataKey(field)) throw wrong(`${JSON.stringify(field)} is not a valid field`);
}

function checkComparison(comparison: string, value: MetadataValue): void {
  if (!comparisons.has(comparison)) throw wrong(`"${comparison}" is not a comparison`);
  if (value !== null && typeof value !== 'boolean') return;
  if (comparison !== '=' && comparison !== '!=') throw wrong(`${value} can only be compared with = and !=`);
}

function checkValue(value: MetadataValue): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (typeof value !== 'string') throw wrong(`${String(value)} is neither a text, a finite number, true, false nor null`);
  if (value.length > filterLimits.length) throw wrong(`a text in it is longer than ${filterLimits.length} characters`);
  if (!isStorable(value)) throw wrong('a text in it has a NUL or half of a surrogate pair');
}

function wrong(why: string): LimnError {
  return new LimnError('USAGE', `The filter is wrong: ${why}.`);
}
