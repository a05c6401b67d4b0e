/** The fields that a gallery's metadata have, with some of their values: what a person can filter by. */
import type { ItemMetadata } from '../../store/metadata.js';

/** A field of the metadata that a gallery can be filtered by. */
export interface Field {
  /** Name of the field. */
  name: string;
  /** Type of its values; "mixed" if they have several. */
  type: 'string' | 'number' | 'boolean' | 'mixed';
  /** The most frequent values, in order; numbers: the least and the greatest. */
  values: (string | number | boolean)[];
  /** How many images have each of the values. Left out of numbers. */
  counts?: number[] | undefined;
  /** The counts are estimated from a sample. @default they are exact */
  approximate?: boolean | undefined;
}

const mostValues = 100;
/** Longer texts are descriptions, which nobody picks from a list. */
const longestValue = 64;
/** Different values that are counted of a field. */
const mostCounted = 10_000;

/** Counts what items have, one after another, so that not all of them need to be held. */
export class FieldCounter {
  private readonly found = new Map<string, { types: Set<string>; counts: Map<string | number | boolean, number> }>();
  private seen = 0;

  add(metadata: ItemMetadata): void {
    this.seen++;
    for (const [name, value] of Object.entries(metadata)) {
      if (value === null) continue;
      const field = this.found.get(name) ?? { types: new Set(), counts: new Map() };
      this.found.set(name, field);
      field.types.add(typeof value);
      const shown = typeof value !== 'string' || value.length <= longestValue;
      if (shown && (field.counts.size < mostCounted || field.counts.has(value)))
        field.counts.set(value, (field.counts.get(value) ?? 0) + 1);
    }
  }

  /** @param total items of the gallery; where not all were seen, counts are estimated from those that were. @default nothing is counted */
  fields(total?: number): Field[] {
    const share = total === undefined ? undefined : total / Math.max(1, this.seen);
    return [...this.found]
      .map(([name, { types, counts }]): Field => {
        const type = types.size === 1 ? ([...types][0] as Field['type']) : 'mixed';
        if (type === 'number') return { name, type, values: range([...counts.keys()] as number[]) };
        const frequent = [...counts].sort((a, b) => b[1] - a[1] || order(a[0], b[0])).slice(0, mostValues);
        const shown = frequent.sort((a, b) => order(a[0], b[0]));
        const values = shown.map(([value]) => value);
        if (share === undefined) return { name, type, values };
        return {
          name,
          type,
          values,
          counts: shown.map(([, count]) => Math.round(count * share)),
          ...(share === 1 ? {} : { approximate: true }),
        };
      })
      .sort((a, b) => order(a.name, b.name));
  }
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
