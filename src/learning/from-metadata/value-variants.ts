/** Spellings of one value: "Dresses" and "dress", "t-shirt" and "T shirt". Case and white space are gone before. */
import { singularOf } from './english/nouns.js';

/** The spelling that stands for each value: of those of one value the most frequent, of equally frequent ones the first by letters. */
export function spellings(counts: ReadonlyMap<string, number>, keepsPlural: boolean): Map<string, string> {
  const chosen = new Map<string, string>();
  const keyOf = (value: string) => {
    const words = value.replace(/[-_ ]+/g, ' ').trim();
    return (keepsPlural ? words : singularOf(words)).replaceAll(' ', '') || value;
  };
  const bestFirst = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  for (const [value] of bestFirst) if (!chosen.has(keyOf(value))) chosen.set(keyOf(value), value);
  return new Map([...counts.keys()].map((value) => [value, chosen.get(keyOf(value)) as string]));
}
