/** The fields that a gallery's metadata have, with some of their values: what a person can filter by. */
import type { ItemMetadata } from '../../store/metadata.js';

export interface Field {
  name: string;
  type: 'string' | 'number' | 'boolean' | 'mixed';
  /** The most frequent values, in order; numbers: the least and the greatest. */
  values: (string | number | boolean)[];
}

const mostValues = 100;
/** Longer texts are descriptions, which nobody picks from a list. */
const longestValue = 64;
/** Different values that are counted of a field. */
const mostCounted = 10_000;

/** @param all metadata of all items, or of a sample */
export function fieldsOf(all: Iterable<ItemMetadata>): Field[] {
  const fields = new Map<string, { types: Set<string>; counts: Map<string | number | boolean, number> }>();
  for (const metadata of all) {
    for (const [name, value] of Object.entries(metadata)) {
      if (value === null) continue;
      const field = fields.get(name) ?? { types: new Set(), counts: new Map() };
      fields.set(name, field);
      field.types.add(typeof value);
      const shown = typeof value !== 'string' || value.length <= longestValue;
      if (shown && (field.counts.size < mostCounted || field.counts.has(value)))
        field.counts.set(value, (field.counts.get(value) ?? 0) + 1);
    }
  }
  return [...fields]
    .map(([name, { types, counts }]): Field => {
      const type = types.size === 1 ? ([...types][0] as Field['type']) : 'mixed';
      if (type === 'number') return { name, type, values: range([...counts.keys()] as number[]) };
      const frequent = [...counts].sort((a, b) => b[1] - a[1] || order(a[0], b[0])).slice(0, mostValues);
      return { name, type, values: frequent.map(([value]) => value).sort(order) };
    })
    .sort((a, b) => order(a.name, b.name));
}

function range(values: readonly number[]): number[] {
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return least === greatest ? [least] : [least, greatest];
}

function order(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
