/** The meaning of a filter, as a function of metadata. The stores in databases are tested against it. */
import type { Comparison, Filter } from './filter.js';
import type { ItemMetadata, MetadataValue } from './metadata.js';
import { compareText, foldCase } from './text.js';

/** Whether metadata pass a filter. */
export type Matches = (metadata: ItemMetadata) => boolean;

/** Makes the function that says whether an item's metadata match. */
export function matcherOf(filter: Filter): Matches {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.filters.map(matcherOf);
      return (metadata) => parts.every((matches) => matches(metadata));
    }
    case 'or': {
      const parts = filter.filters.map(matcherOf);
      return (metadata) => parts.some((matches) => matches(metadata));
    }
    case 'not': {
      const matches = matcherOf(filter.filter);
      return (metadata) => !matches(metadata);
    }
    case 'compare': {
      const { field, comparison, value } = filter;
      const holds = comparing(comparison, value);
      return (metadata) => holds(valueIn(metadata, field));
    }
    case 'in': {
      const values = new Set(filter.values);
      return (metadata) => values.has(valueIn(metadata, filter.field));
    }
    case 'contains': {
      const text = foldCase(filter.text);
      return (metadata) => {
        const value = valueIn(metadata, filter.field);
        return typeof value === 'string' && foldCase(value).includes(text);
      };
    }
  }
}

/** A missing field is null. Names such as "constructor" are no fields of an item that does not have them itself. */
function valueIn(metadata: ItemMetadata, field: string): MetadataValue {
  return Object.hasOwn(metadata, field) ? (metadata[field] as MetadataValue) : null;
}

function comparing(comparison: Comparison, wanted: MetadataValue): (value: MetadataValue) => boolean {
  if (comparison === '=') return (value) => value === wanted;
  if (wanted === null) return (value) => value !== null;
  if (comparison === '!=') return (value) => typeof value === typeof wanted && value !== wanted;
  const holds = {
    '<': (order: number) => order < 0,
    '<=': (order: number) => order <= 0,
    '>': (order: number) => order > 0,
    '>=': (order: number) => order >= 0,
  }[comparison];
  if (typeof wanted === 'number') return (value) => typeof value === 'number' && holds(value - wanted);
  return (value) => typeof value === 'string' && holds(compareText(value, wanted as string));
}
