/** The part of the filter language that the page's own builder writes; anything else is refused, as a real server refuses mistakes. */
import { readChoices } from '../src/state/filter.js';
import type { MockItem } from './catalogue.js';

/** @returns those that pass; undefined for a filter that cannot be read */
export function filterItems(items: readonly MockItem[], text: string | undefined): readonly MockItem[] | undefined {
  const choices = readChoices(text ?? '');
  if (!choices) return undefined;
  return items.filter(({ metadata }) =>
    [...choices].every(([field, choice]) => {
      const value = metadata[field];
      if (value === undefined || value === null) return false;
      if (choice.kind === 'values') return choice.values.includes(value);
      if (choice.kind === 'text') return String(value).toLowerCase().includes(choice.text.toLowerCase());
      return Number(value) >= (choice.min ?? -Infinity) && Number(value) <= (choice.max ?? Infinity);
    }),
  );
}
