import { useEffect, useRef, useState } from 'preact/hooks';
import { useGlide } from '../hooks/use-glide.js';
import { useLoading } from '../hooks/use-loading.js';
import { useSession } from '../hooks/use-session.js';
import { useWork } from '../hooks/use-work.js';
import type { Results as ResultsState } from '../state/reducer.js';
import { currentTurn } from '../state/trail.js';
import { Card } from './card.js';
import { FilterChips, NothingPasses } from './filter-chips.js';
import { PanelButtons } from './panels.js';
import { ProblemView } from './problem-view.js';
import { earned } from './score-bar.js';
import { Welcome } from './welcome.js';

const arrows = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End']);

/** The grid with what is around it: its heading, skeletons, the end, and what went wrong. */
export function Results({ narrow }: { narrow: boolean }) {
  const session = useSession();
  const { results, view } = session.state;
  const { entries, status, kind } = results;
  const loading = useLoading();
  // What the download says stands once, whether this answer or its problem says it too or not.
  const notes = new Set([...(results.notes ?? []), ...(loading?.notes ?? [])]);
  notes.delete(results.problem?.message ?? '');
  const list = useRef<HTMLUListElement>(null);
  const [focused, setFocused] = useState(0);
  const order = entries.map(({ id }) => id).join('\n');
  useGlide(list, order);
  const reachable = Math.min(focused, entries.length - 1);
  const full = Math.max(...entries.map(({ hit }) => (hit ? earned(hit) : 0)), Number.EPSILON);
  const empty = status === 'ready' && entries.length === 0;
  const fresh = view.trail.turns.length === 0 && kind === 'items';

  const onKey = (event: KeyboardEvent) => {
    if (!arrows.has(event.key) || !(event.target instanceof HTMLElement) || !event.target.matches('[data-card]')) return;
    const cards = [...(list.current?.querySelectorAll<HTMLElement>('[data-card]') ?? [])];
    const next = cards[neighbour(cards, cards.indexOf(event.target), event.key)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  };

  return (
    <section id="results" class="results" aria-labelledby="results-title" aria-busy={status === 'loading' || status === 'more'}>
      {fresh && !session.settings.filter && <Welcome />}
      <Heading />
      <TrainingNote />
      {notes.size > 0 && (
        <ul class="notes" aria-label="Notes">
          {[...notes].map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {narrow && <PanelButtons />}
      <FilterChips />
      <ul
        ref={list}
        class={status === 'loading' && entries.length > 0 && !results.isEarly ? 'grid stale' : 'grid'}
        aria-label="Pictures"
        onKeyDown={onKey}
      >
        {entries.map((entry, at) => (
          <Card key={entry.id} entry={entry} at={at} full={full} reachable={at === reachable} onFocus={() => setFocused(at)} />
        ))}
        {((status === 'loading' && entries.length === 0) || status === 'more') &&
          Array.from({ length: status === 'more' ? 6 : 18 }, (_, at) => (
            <li key={`skeleton ${at}`} class="card skeleton" aria-hidden="true" />
          ))}
      </ul>
      {results.problem && <ProblemView problem={results.problem} retryAt={results.retryAt} onRetry={() => session.retry()} />}
      {empty && <Empty />}
      <Sentinel results={results} onSeen={() => session.loadMore()} />
    </section>
  );
}

/** The place in the grid that an arrow leads to; undefined at its edge. */
function neighbour(cards: readonly HTMLElement[], at: number, key: string): number {
  if (key === 'Home') return 0;
  if (key === 'End') return cards.length - 1;
  if (key === 'ArrowLeft') return at - 1;
  if (key === 'ArrowRight') return at + 1;
  const top = (card: HTMLElement | undefined) => Math.round(card?.getBoundingClientRect().top ?? 0);
  const columns = cards.filter((card) => top(card) === top(cards[0])).length;
  const next = at + (key === 'ArrowDown' ? columns : -columns);
  return next >= cards.length && Math.floor(at / columns) < Math.floor((cards.length - 1) / columns) ? cards.length - 1 : next;
}

/** What is shown, and how much of it: "24 of 1,699 · 31 ms". */
function Heading() {
  const session = useSession();
  const { results, view } = session.state;
  const turn = currentTurn(view.trail);
  const held = turn?.phrases.filter((phrase) => phrase.held).map(({ text }) => text) ?? [];
  const hits = results.kind === 'hits';
  const count = session.gallery?.count ?? 0;
  const { filter } = session.settings;
  const title = !hits ? (filter ? 'Filtered' : 'The gallery') : held.length === 0 ? 'More like this' : undefined;
  const loaded = results.status === 'ready' || results.status === 'more';
  const passing = useWork((signal) => session.count(filter, signal), `${session.gallery?.name} ${filter}`).value;
  const shown = results.entries.length;
  const all = results.cursor === undefined && results.status === 'ready';
  const number = shown.toLocaleString('en');
  const said =
    !hits && !filter
      ? `${count.toLocaleString('en')} pictures`
      : all
        ? `${number} ${shown === 1 ? 'picture' : 'pictures'}`
        : passing === undefined
          ? `First ${number}`
          : `${number} of ${passing.toLocaleString('en')}`;
  return (
    <div class="results-head">
      <h2 id="results-title">{title ?? <q>{held.join(', ')}</q>}</h2>
      <p role="status" aria-live="polite">
        {results.status === 'loading' ? <span class="hidden">Searching</span> : loaded && said}
        {loaded && results.milliseconds !== undefined && (
          <span class="speed"> · {Math.max(1, Math.round(results.milliseconds))} ms</span>
        )}
      </p>
    </div>
  );
}

/** Of a gallery whose model is being trained while it answers. */
function TrainingNote() {
  const training = useSession().gallery?.training;
  if (!training) return null;
  const { epoch, epochs, ended } = training;
  return (
    <p class="training" role="status">
      <progress max={epochs} value={ended ? epochs : epoch} aria-label="Training" />
      {ended
        ? 'The training has ended: the best model answers.'
        : `Epoch ${epoch} of ${epochs}, training: the hits become better with every epoch.`}
    </p>
  );
}

function Empty() {
  const session = useSession();
  const { filter } = session.settings;
  return (
    <div class="empty">
      <h3>No picture fits</h3>
      {filter ? (
        <NothingPasses />
      ) : (
        <p>
          The gallery is empty. Fill it with <code>limn index</code>.
        </p>
      )}
    </div>
  );
}

/** Asks for the next page a little before its place is scrolled to. */
function Sentinel({ results, onSeen }: { results: ResultsState; onSeen: () => void }) {
  const mark = useRef<HTMLDivElement>(null);
  const waits = results.status === 'ready' && results.cursor !== undefined;
  // A page that ends in sight asks for the next.
  useEffect(() => {
    if (!waits || !mark.current) return;
    const observer = new IntersectionObserver(([seen]) => seen?.isIntersecting && onSeen(), { rootMargin: '600px' });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [waits, results.entries.length]);
  return <div ref={mark} class="sentinel" aria-hidden="true" />;
}
