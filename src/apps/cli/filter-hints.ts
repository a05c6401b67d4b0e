/** What a search says of the words in its texts that could be filters. */
import { oneLine } from '../../core/text.js';
import type { FilterSuggestion } from '../../search/gallery/suggest/filter-suggestions.js';

/**
 * Lines with the option that turns each suggestion into a filter, and one for all of them where there are several.
 *
 * @param filter that the search has already. @default none
 */
export function filterHints(suggestions: readonly FilterSuggestion[], filter = ''): string[] {
  const used = filter.trim();
  const fresh = suggestions.filter((one) => !used.includes(one.filter));
  const lines = fresh.map((one) => `"${oneLine(one.words)}" can be a filter: ${option(used, [one.filter])}`);
  // Two fields that have the same value are two readings of one word, and not both are meant.
  const separate = new Set(fresh.map(({ words }) => words)).size === fresh.length;
  return fresh.length > 1 && separate
    ? [
        ...lines,
        `All of them: ${option(
          used,
          fresh.map((one) => one.filter),
        )}`,
      ]
    : lines;
}

function option(used: string, filters: readonly string[]): string {
  const parts = used === '' ? filters : [/\bor\b/i.test(used) ? `(${used})` : used, ...filters];
  // Between double quotes a shell still reads these.
  return `--filter "${parts.join(' and ').replace(/["\\$`]/g, '\\$&')}"`;
}
