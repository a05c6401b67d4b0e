import { useEffect } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { useWork } from '../hooks/use-work.js';
import { Factors, useFactors } from './factors.js';
import { Filters, useFilters } from './filters.js';
import { Icon } from './icon.js';
import { Modal } from './modal.js';
import { Section } from './section.js';

/** Filters and factors beside the grid, on screens that have room for them. */
export function Panels() {
  const session = useSession();
  const filters = useFilters();
  const factors = useFactors();
  if (filters.facets.length === 0 && !factors.shown) return null;
  return (
    <section class="sections" aria-label="Filters and weights">
      {filters.facets.length > 0 && (
        <Section title="Filters" note={filters.note}>
          <Filters />
        </Section>
      )}
      {factors.shown && (
        <Section title="What counts" note={factors.note} onToggle={(open) => session.showScores(open)}>
          <Factors />
        </Section>
      )}
    </section>
  );
}

/** The same on small screens: buttons above the grid, and each comes up from the bottom. */
export function PanelButtons() {
  const session = useSession();
  const filters = useFilters();
  const factors = useFactors();
  return (
    <div class="panel-buttons">
      {filters.facets.length > 0 && (
        <button type="button" class="button" onClick={() => session.open({ kind: 'filters' })}>
          <Icon name="filter" /> Filters {filters.note && <b>{filters.note}</b>}
        </button>
      )}
      {factors.shown && (
        <button type="button" class="button" onClick={() => session.open({ kind: 'factors' })}>
          <Icon name="scales" /> What counts {factors.note && <b>{factors.note}</b>}
        </button>
      )}
    </div>
  );
}

export function PanelSheet({ kind }: { kind: 'filters' | 'factors' }) {
  const session = useSession();
  const { filter } = session.settings;
  const close = () => session.open(undefined);
  const count = useWork((signal) => session.count(filter, signal), `${session.gallery?.name} ${filter}`).value;
  // Who weighs parts wants to see what they do; the scores stay while any is changed.
  useEffect(() => {
    if (kind !== 'factors') return;
    session.showScores(true);
    return () => session.showScores(session.settings.weights.some((weight) => weight !== 1));
  }, [kind, session]);
  return (
    <Modal title={kind === 'filters' ? 'Filters' : 'What counts'} class="sheet" onClose={close}>
      <div class="section-body">{kind === 'filters' ? <Filters /> : <Factors />}</div>
      <div class="sheet-foot">
        <button type="button" class="button primary" onClick={close}>
          {kind === 'factors' || count === undefined ? 'Show the pictures' : `Show ${count.toLocaleString('en')}`}
        </button>
      </div>
    </Modal>
  );
}
