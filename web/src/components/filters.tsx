import { useSession } from '../hooks/use-session.js';
import { facetsOf } from '../state/fields.js';
import { type Choices, filterText, readChoices } from '../state/filter.js';
import { FacetView } from './facet.js';
import { FilterText } from './filter-text.js';

/** Whether there is anything to filter by, and how much is set. */
export function useFilters() {
  const session = useSession();
  const { filter } = session.settings;
  const choices = readChoices(filter);
  const { gallery } = session;
  const facets = gallery ? facetsOf(gallery.fields, gallery.count, choices ?? new Map()) : [];
  const note = choices ? (choices.size > 0 ? `${choices.size} set` : undefined) : 'by hand';
  return { facets, choices, filter, note };
}

/** Facets and ranges of the gallery's fields, the most useful first, and the filter that they make as text. */
export function Filters() {
  const session = useSession();
  const { facets, choices, filter } = useFilters();
  const set = (next: Choices) => session.setFilter(filterText(next));
  return (
    <>
      {!choices && (
        <p class="hint">This filter was written by hand and says more than the buttons can show. Choosing one begins anew.</p>
      )}
      {facets.map((facet) => (
        <FacetView key={facet.name} facet={facet} choices={choices ?? new Map()} onChange={set} />
      ))}
      <FilterText filter={filter} onChange={(text) => session.setFilter(text)} />
    </>
  );
}
