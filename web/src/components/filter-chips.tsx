import { useSession } from '../hooks/use-session.js';
import { useWork } from '../hooks/use-work.js';
import { conditionsOf, fieldConditions } from '../state/conditions.js';
import { filterText, readChoices } from '../state/filter.js';
import { Icon } from './icon.js';

/** What the grid is filtered by; each part can be taken away. */
export function FilterChips() {
  const session = useSession();
  const { filter } = session.settings;
  if (!filter) return null;
  const choices = readChoices(filter);
  const conditions = choices ? conditionsOf(choices) : [{ label: filter, without: new Map() }];
  return (
    <ul class="chips" aria-label="Filters in use">
      {conditions.map(({ label, without }) => (
        <li key={label}>
          <button
            type="button"
            class="chip"
            aria-label={`Remove the filter ${label}`}
            onClick={() => session.setFilter(filterText(without))}
          >
            <span>{label}</span>
            <Icon name="close" />
          </button>
        </li>
      ))}
      {conditions.length > 1 && (
        <li>
          <button type="button" class="quiet" onClick={() => session.setFilter('')}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}

/** Where nothing passes the filter: what each condition keeps away, so that one sees which to give up. */
export function NothingPasses() {
  const session = useSession();
  const { filter } = session.settings;
  const choices = readChoices(filter);
  const conditions = choices && choices.size > 1 ? fieldConditions(choices) : [];
  const counts = useWork(
    (signal) => Promise.all(conditions.map(({ without }) => session.count(filterText(without), signal))),
    `${session.gallery?.name} ${filter}`,
  );
  const opening = conditions.flatMap(({ label, without }, at) => {
    const count = counts.value?.[at] ?? 0;
    return count > 0 ? [{ label, without, count }] : [];
  });
  return (
    <>
      <p>
        Nothing in the gallery passes <code>{filter}</code>.
        {conditions.length > 0 &&
          counts.value &&
          opening.length === 0 &&
          ' No single condition is to blame: they empty it together.'}
      </p>
      {opening.map(({ label, without, count }) => (
        <button key={label} type="button" class="button" onClick={() => session.setFilter(filterText(without))}>
          Without {label}: {count.toLocaleString('en')} {count === 1 ? 'picture' : 'pictures'}
        </button>
      ))}
      <button type="button" class={opening.length > 0 ? 'quiet' : 'button'} onClick={() => session.setFilter('')}>
        Clear the filters
      </button>
    </>
  );
}
