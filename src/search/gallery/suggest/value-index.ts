/** The values of a gallery's fields by their words. What a look-up takes does not depend on how many there are. */
import type { Field } from '../explain/fields.js';
import { namesOf, wordsOf } from './words-of.js';

/** Values of one field that have the same words. */
export interface ValueEntry {
  field: string;
  /** The words of the field's name. */
  name: readonly string[];
  /** As the images have them, e.g. "Nike" and "NIKE"; true for a field of true and false that is called so. */
  values: readonly (string | true)[];
  /** Whether the words alone are too common to mean the value: "A" is a size only where "size" stands beside it. */
  weak: boolean;
}

/** Longer values are descriptions. */
const mostWords = 8;
const common = new Set(
  (
    'the a an and or not no in on of with without for to from is are be it this that more less very but as at by other others than same ' +
    'like one two all any some yes true false none unknown na nan null new old off up'
  ).split(' '),
);

export class ValueIndex {
  private readonly entries = new Map<string, ValueEntry[]>();
  /** The most words that a value has. */
  readonly longest: number;

  constructor(fields: readonly Field[]) {
    let longest = 0;
    for (const { name: field, type, values } of fields) {
      const name = namesOf(field);
      const known: readonly (string | true)[] =
        type === 'boolean' ? (values.includes(true) ? [true] : []) : values.filter((value) => typeof value === 'string');
      for (const value of known) {
        const words = value === true ? called(name) : wordsOf(value).map(({ word }) => word);
        if (words.length === 0 || words.length > mostWords) continue;
        longest = Math.max(longest, words.length);
        this.add(words, field, name, value);
      }
    }
    this.longest = longest;
  }

  /** The values that have just these words, each field once. */
  find(words: readonly string[]): readonly ValueEntry[] {
    return this.entries.get(words.join(' ')) ?? [];
  }

  private add(words: readonly string[], field: string, name: readonly string[], value: string | true): void {
    const key = words.join(' ');
    const entries = this.entries.get(key) ?? [];
    this.entries.set(key, entries);
    const at = entries.findIndex((entry) => entry.field === field);
    const known = entries[at];
    if (known) entries[at] = { ...known, values: [...known.values, value] };
    else entries.push({ field, name, values: [value], weak: words.every(isWeak) });
  }
}

const isWeak = (word: string) => common.has(word) || /^(?:\d+|[a-z])$/.test(word);

/** "is_new" and "has_hood" are said as "new" and "hood". */
function called(name: readonly string[]): readonly string[] {
  return name.length > 1 && (name[0] === 'is' || name[0] === 'has') ? name.slice(1) : name;
}
