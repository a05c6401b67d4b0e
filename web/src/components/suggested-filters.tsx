import type { Suggestions } from '../api/types.js';
import { useSession } from '../hooks/use-session.js';
import { filterLabel } from '../state/conditions.js';
import { Icon } from './icon.js';

/** Filters that the texts say in words: one press uses them, and another takes the suggestion away. Nothing is filtered before. */
export function SuggestedFilters({ found }: { found: Suggestions | undefined }) {
  const session = useSession();
  const filters = session.offeredFilters(found);
  return (
    <div class="suggested-filters" role="status">
      {filters.length > 0 && (
        <ul class="chips" aria-label="Suggested filters">
          {filters.map(({ filter, words }) => {
            const label = filterLabel(filter);
            return (
              <li key={filter} class="suggested-filter">
                <button
                  type="button"
                  class="use"
                  aria-label={`Show only ${label}`}
                  title={`“${words}” can be a filter: ${filter}`}
                  onClick={() => session.useFilter(filter)}
                >
                  <Icon name="filter" />
                  <span>Only {label}</span>
                </button>
                <button
                  type="button"
                  class="dismiss"
                  aria-label={`Do not suggest ${label}`}
                  title="Do not suggest this again"
                  onClick={() => session.dismissFilter(filter)}
                >
                  <Icon name="close" />
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
