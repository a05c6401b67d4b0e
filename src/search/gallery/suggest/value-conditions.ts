/** "Nike", "not red", "on sale": words of a text that are values of the gallery, as conditions. */
import { type Condition, compare, noneOf, oneOf } from './condition.js';
import { bearingOn, passBack } from './negations.js';
import type { ValueEntry, ValueIndex } from './value-index.js';
import { standsAt, type Word } from './words-of.js';

/** A value that stands in the text, with the name of its field where that is beside it. */
interface Found {
  entry: ValueEntry;
  /** Its words: [from, to). */
  from: number;
  to: number;
}

/** What was said of a field just before, for "red or blue" and "not red or blue". */
interface Said {
  kind: 'plain' | 'negated' | 'open';
  to: number;
  end: number;
}

/** @param taken words that say something else */
export function valueConditions(
  text: string,
  words: readonly Word[],
  index: ValueIndex,
  taken: (at: number) => boolean,
): Condition[] {
  const conditions: (Condition & { values: readonly string[] })[] = [];
  const said = new Map<string, Said>();
  let last: { kind: Said['kind']; to: number } | undefined;
  for (let at = 0; at < words.length; ) {
    const found = taken(at) ? [] : longestAt(words, at, index, taken);
    if (found.length === 0) {
      at++;
      continue;
    }
    const to = Math.max(...found.map((one) => one.to));
    const kinds = new Set<Said['kind']>();
    for (const one of found) {
      const { entry } = one;
      const bearing = bearingOn(words, one.from);
      const before = said.get(entry.field);
      const kind = kindOf({ text, words }, one, bearing.kind, before, last);
      const start = (words[bearing.kind === 'negated' ? bearing.from : one.from] as Word).start;
      const end = (words[one.to - 1] as Word).end;
      said.set(entry.field, { kind, to: one.to, end });
      kinds.add(kind);
      if (kind === 'open') continue;
      const excludes = kind === 'negated';
      const values = entry.values.filter((value) => value !== true);
      const joined = before && !excludes && before.kind === 'plain' && joint(words, before.to, one.from) === 'or';
      const previous = joined ? conditions.findLast(({ field }) => field === entry.field) : undefined;
      if (previous && values.length > 0) {
        previous.values = [...new Set([...previous.values, ...values])];
        previous.filter = oneOf(entry.field, previous.values);
        previous.end = end;
        continue;
      }
      const filter =
        values.length === 0
          ? compare(entry.field, '=', !excludes)
          : excludes
            ? noneOf(entry.field, values)
            : oneOf(entry.field, values);
      conditions.push({ field: entry.field, filter, excludes: excludes && values.length > 0, start, end, values });
    }
    last = { kind: kinds.size === 1 ? ([...kinds][0] as Said['kind']) : 'open', to };
    at = to;
  }
  return conditions.map(({ values: _, ...condition }) => condition);
}

/** The values with the most words that begin at a place; of several fields, those whose names stand beside, where there are such. */
function longestAt(words: readonly Word[], at: number, index: ValueIndex, taken: (at: number) => boolean): Found[] {
  const most = Math.min(index.longest, words.length - at);
  for (let length = most; length > 0; length--) {
    const place = words.slice(at, at + length);
    if (place.some((_, i) => taken(at + i))) continue;
    const entries = index.find(place.map(({ word }) => word));
    const named = entries.flatMap((entry): Found[] => {
      const span = withName(words, at, at + length, entry.name);
      return span ? [{ entry, ...span }] : [];
    });
    if (named.length > 0) return named;
    const clear = entries.filter(({ weak }) => !weak);
    if (clear.length > 0) return clear.map((entry) => ({ entry, from: at, to: at + length }));
  }
  return [];
}

function withName(words: readonly Word[], from: number, to: number, name: readonly string[]) {
  for (const before of [from, passBack(words, from)]) {
    if (standsAt(words, before - name.length, name)) return { from: before - name.length, to };
  }
  return standsAt(words, to, name) ? { from, to: to + name.length } : undefined;
}

/** Whether a value is wanted, not wanted, or neither can be told. */
function kindOf(
  { text, words }: { text: string; words: readonly Word[] },
  { from }: Found,
  bearing: Said['kind'],
  before: Said | undefined,
  last: { kind: Said['kind']; to: number } | undefined,
): Said['kind'] {
  if (bearing !== 'plain') return bearing;
  if (!last || last.kind === 'plain') return 'plain';
  const link = joint(words, last.to, from);
  // "not red or blue" wants neither, and in "not red and blue" either may be meant.
  if (link === 'or' || link === 'nor') return last.kind;
  if (link === 'and') return 'open';
  const gap = before && joint(words, before.to, from) === '' ? text.slice(before.end, (words[from] as Word).start) : '';
  return gap.includes(',') || gap.includes('/') ? 'open' : 'plain';
}

/** The words between two places, without articles. */
function joint(words: readonly Word[], from: number, to: number): string {
  return words
    .slice(from, Math.min(to, from + 4))
    .map(({ word }) => word)
    .filter((word) => !['a', 'an', 'the', 'in'].includes(word))
    .join(' ');
}
