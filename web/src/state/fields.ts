/** Which fields to filter by, the most useful first, and how each is asked. */
import type { Field } from '../api/types.js';
import type { Choices, FieldValue } from './filter.js';

export type Facet = Field & {
  /** Values to choose from with how many pictures have each, the most frequent first; of numbers the least and the greatest. */
  options: { value: FieldValue; count: number | undefined }[];
  kind: 'choice' | 'range' | 'text';
};

/** Texts that are this long on average are searched for words: nobody picks them from a list. */
const longText = 22;

export function isText({ type, values }: Field): boolean {
  const length = values.reduce((sum: number, value) => sum + String(value).length, 0);
  return type === 'string' && length >= longText * values.length;
}

/** Fields that a person can choose by, the most useful first; what is chosen stays, whatever it is. */
export function facetsOf(fields: readonly Field[], total: number, choices: Choices): Facet[] {
  const facets = fields.map((field): Facet => {
    const kind = field.type === 'number' ? 'range' : isText(field) ? 'text' : 'choice';
    const options = field.values.map((value, at) => ({ value, count: field.counts?.[at] }));
    if (kind === 'choice') options.sort((a, b) => (b.count ?? 0) - (a.count ?? 0));
    return { ...field, kind, options };
  });
  return facets
    .filter((facet) => choices.has(facet.name) || usefulness(facet, total) > 0)
    .map((facet, at) => ({ facet, at, useful: usefulness(facet, total) }))
    .sort((a, b) => b.useful - a.useful || a.at - b.at)
    .map(({ facet }) => facet);
}

/** From 0, for a field that tells no two pictures apart, to about 1: a few values, which all pictures have, about equally often. */
function usefulness({ kind, options, type }: Facet, total: number): number {
  // Nobody looks for words in the addresses of pages.
  if (kind === 'text') return options.length > 0 && options.every(({ value }) => /^https?:/i.test(String(value))) ? 0 : 0.25;
  if (kind === 'range') return options.length > 1 ? 0.6 : 0;
  if (options.length < 2) return type === 'boolean' && options.length === 1 && (options[0]?.count ?? 0) < total ? 0.2 : 0;
  const counts = options.map(({ count }) => count ?? 1);
  const having = counts.reduce((sum, count) => sum + count, 0);
  const evenness = counts.reduce((sum, count) => sum - (count / having) * Math.log(count / having), 0) / Math.log(counts.length);
  const known = options[0]?.count !== undefined && total > 0;
  const coverage = known ? Math.min(1, having / total) : 1;
  // Hundreds of values that one picture has each are no choice.
  const few = 1 - Math.min(0.7, Math.max(0, options.length - 8) / 60);
  return coverage * few * (0.6 + 0.4 * (Number.isFinite(evenness) ? evenness : 0));
}
