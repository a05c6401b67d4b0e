/**
 * Filters that a text suggests: "red Nike shoes below 50" in a gallery whose images have a colour, a brand and a price. They are offered to
 * the person who searches, and never applied by themselves.
 */
import { isStorable } from '../../store/text.js';
import type { Field } from '../explain/fields.js';
import { numberConditions, numberFields } from './number-conditions.js';
import { valueConditions } from './value-conditions.js';
import { ValueIndex } from './value-index.js';
import { wordsOf } from './words-of.js';

/** A filter that words of a text say. */
export interface FilterSuggestion {
  /** In the filter language, e.g. `price < 50`. */
  filter: string;
  /** Name of the field that it is about. */
  field: string;
  /** The words that say it, as they stand in the text, e.g. "under 50". */
  words: string;
}

/** How many are offered at most. */
const most = 6;
/** Characters of a text that are read; the API takes no longer ones. */
const mostCharacters = 1000;

/** Finds filters in texts; what one text costs does not depend on how many values the gallery has. */
export class FilterSuggester {
  private readonly index: ValueIndex;
  private readonly numbers: ReturnType<typeof numberFields>;

  /** @param fields of the gallery, with the values that texts may name */
  constructor(fields: readonly Field[]) {
    // Values that no store can hold are none of an image, and no filter can name them.
    const known = fields.map((field) => ({
      ...field,
      values: field.values.filter((value) => typeof value !== 'string' || isStorable(value)),
    }));
    this.index = new ValueIndex(known);
    this.numbers = numberFields(known);
  }

  /** @returns in the order in which the texts say them, each filter once; at most six */
  suggest(texts: readonly string[]): FilterSuggestion[] {
    const found = texts.flatMap((text) => {
      const read = text.slice(0, mostCharacters);
      const words = wordsOf(read);
      const numbers = numberConditions(read, words, this.numbers);
      const taken = new Set(numbers.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));
      const values = valueConditions(read, words, this.index, (at) => taken.has(at));
      return [...numbers.map(({ condition }) => condition), ...values]
        .sort((a, b) => a.start - b.start)
        .map(({ start, end, ...condition }) => ({ ...condition, words: read.slice(start, end) }));
    });
    // "blue rather than red" is blue.
    const wanted = new Set(found.filter(({ excludes, filter }) => !excludes && isOfValue(filter)).map(({ field }) => field));
    const suggestions = new Map<string, FilterSuggestion>();
    for (const { filter, field, words, excludes } of found) {
      if (excludes && wanted.has(field)) continue;
      if (!suggestions.has(filter)) suggestions.set(filter, { filter, field, words });
    }
    return [...suggestions.values()].slice(0, most);
  }
}

const isOfValue = (filter: string) => /^\w+ (?:= |in )/.test(filter);
