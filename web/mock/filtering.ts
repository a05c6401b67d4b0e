/** Filters as a real server has them. */
import { matcherOf } from '../../src/search/store/filter-match.js';
import { parseFilter } from '../../src/search/store/filter-parse.js';
import type { MockItem } from './catalogue.js';

/** @returns those that pass; undefined for a filter that cannot be read */
export function filterItems(items: readonly MockItem[], text: string | undefined): readonly MockItem[] | undefined {
  if (!text?.trim()) return items;
  try {
    const matches = matcherOf(parseFilter(text));
    return items.filter(({ metadata }) => matches(metadata));
  } catch {
    return undefined;
  }
}
