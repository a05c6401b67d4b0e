/** Why a search has no hits, or not those that were meant: what its filter and its offset leave of the gallery. */
import { suggestion } from '../../../core/suggest.js';
import type { Filter } from '../../store/filter.js';
import { parseFilter } from '../../store/filter-parse.js';
import type { GalleryStore } from '../../store/store.js';
import type { Field } from '../explain/fields.js';
import type { SearchRequest } from '../search-types.js';

/** As much of an answer as notes need. */
export interface FoundHits {
  /** The hits. */
  readonly hits: { readonly length: number };
}

/** @param fields those that are known of the gallery @returns sentences; none where there is nothing to say */
export async function searchNotes(
  store: GalleryStore,
  fields: readonly Field[],
  { filter: text = '', offset = 0 }: Pick<SearchRequest, 'filter' | 'offset'>,
  { hits }: FoundHits,
): Promise<string[]> {
  const filter = text.trim() === '' ? undefined : parseFilter(text);
  const notes = filter ? await fieldNotes(store, fields, filter, hits.length === 0) : [];
  if (hits.length > 0) return notes.map(sentence);
  const total = await store.count();
  if (total === 0) return ['The gallery is empty.'];
  const matching = filter ? await store.count(filter) : total;
  const counts = filter ? `${matching} of ${total} pictures match the filter` : `the gallery has ${total} pictures`;
  if (matching === 0) return [sentence([counts, ...notes].join('; '))];
  const past =
    offset > 0 ? `the offset ${offset} passes over all hits` : 'those are the references themselves, or copies of them';
  return [sentence([counts, past, ...notes].join('; '))];
}

async function fieldNotes(store: GalleryStore, fields: readonly Field[], filter: Filter, empty: boolean): Promise<string[]> {
  const notes: string[] = [];
  const names = fields.map(({ name }) => name);
  for (const [name, numeric] of fieldsIn(filter)) {
    const known = fields.find((field) => field.name === name);
    if (known) {
      if (empty && numeric && known.type !== 'number' && known.type !== 'mixed') {
        notes.push(
          `the field ${name} is of ${known.type === 'string' ? 'texts' : 'true and false'}, which no number compares with`,
        );
      }
      continue;
    }
    // Fields are learned from a sample: one that is rare is in the store all the same.
    const having = await store.count({ kind: 'compare', field: name, comparison: '!=', value: null });
    if (having > 0) continue;
    const advice = names.length > 0 ? suggestion(name, names) : 'When the gallery was last indexed, no image had metadata.';
    const near = advice.startsWith(nearStart) ? advice.slice(nearStart.length, -'"?'.length) : undefined;
    notes.push(near === undefined ? `there is no field ${name}. ${advice}` : `there is no field ${name}, did you mean ${near}?`);
  }
  return notes;
}

/** How {@link suggestion} begins where a name is near. */
const nearStart = 'Did you mean "';

/** The fields of a filter, and whether each is compared with a number. */
function fieldsIn(filter: Filter, found = new Map<string, boolean>()): Map<string, boolean> {
  if ('filters' in filter) for (const part of filter.filters) fieldsIn(part, found);
  else if (filter.kind === 'not') fieldsIn(filter.filter, found);
  else {
    const numeric = filter.kind === 'compare' && typeof filter.value === 'number';
    found.set(filter.field, numeric || (found.get(filter.field) ?? false));
  }
  return found;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
}
