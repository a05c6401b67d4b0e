/** Values of the gallery's fields in what people say. */
import type { Field, Metadata } from '../api/types.js';
import type { Turn } from './trail.js';

const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** "stripes" and "striped" are one word to people. */
function alike(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const stem = Math.max(4, short.length - 1);
  return a === b || (short.length >= 4 && long.length - short.length <= 3 && short.slice(0, stem) === long.slice(0, stem));
}

/** Whether a text names a value. */
export function names(text: string, value: string): boolean {
  const said = wordsOf(text);
  const wanted = wordsOf(value);
  return wanted.length > 0 && wanted.every((word) => said.some((other) => alike(word, other)));
}

/** Fields whose values are words for a look, such as colours. */
const choices = (fields: readonly Field[]) =>
  fields.filter(
    ({ type, values }) => type === 'string' && values.length > 1 && values.every((value) => wordsOf(String(value)).length <= 3),
  );

/** A text that says another value of a field than an earlier text that still holds. */
export interface Conflict {
  field: string;
  /** The place of the earlier text. */
  earlier: number;
  later: number;
}

/** "in red" and then "in blue": both cannot be. The latest such pair. */
export function conflictIn({ phrases }: Pick<Turn, 'phrases'>, fields: readonly Field[]): Conflict | undefined {
  const said = phrases.map(({ text, held }) => (held ? text : ''));
  for (let later = said.length - 1; later > 0; later--) {
    for (let earlier = later - 1; earlier >= 0; earlier--) {
      for (const { name, values } of choices(fields)) {
        const [before, after] = [earlier, later].map((at) => values.filter((value) => names(said[at] ?? '', String(value))));
        if (before?.length && after?.length && !before.some((value) => after.includes(value)))
          return { field: name.replaceAll('_', ' '), earlier, later };
      }
    }
  }
  return undefined;
}

/** What the metadata say of why a hit fits: "blue like your text, striped like your picture"; undefined where they say nothing. */
export function reasonIn(
  texts: readonly string[],
  reference: Metadata | undefined,
  hit: Metadata,
  fields: readonly Field[],
): string | undefined {
  const [asked, kept]: [string[], string[]] = [[], []];
  const said = texts.join(' ');
  for (const { name } of choices(fields)) {
    const value = hit[name];
    if (typeof value !== 'string' || value === '' || /^(none|no|other|unknown)$/i.test(value)) continue;
    if (names(said, value)) asked.push(value);
    else if (reference?.[name] === value) kept.push(value);
  }
  const parts = [
    ...(asked.length > 0 ? [`${listed(asked.slice(0, 4))} like your text`] : []),
    ...(kept.length > 0 ? [`${listed(kept.slice(0, 4))} like your picture`] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : undefined;
}

const listed = (words: readonly string[]) =>
  words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : String(words[0]);
