import { useEffect, useRef } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { focusText } from '../hooks/use-shortcuts.js';
import { fork, ownPhrase, removeTurn, select, type Trail } from '../state/trail.js';
import { type PlacedTurn, placeTurns } from '../state/trail-layout.js';
import { Icon } from './icon.js';
import { IconButton } from './icon-button.js';
import { ImageView } from './image-view.js';

/** The turns so far, a row for each branch. Any of them can be gone back to, forked and removed. */
export function TrailStrip() {
  const session = useSession();
  const { trail } = session.state.view;
  const list = useRef<HTMLOListElement>(null);
  // Whichever turn is shown is brought into sight.
  useEffect(() => {
    const shown = list.current?.querySelector<HTMLElement>('[aria-current]');
    const box = list.current?.parentElement;
    if (!shown || !box) return;
    const item = shown.parentElement ?? shown;
    box.scrollTo({
      left: item.offsetLeft - box.clientWidth / 2 + item.clientWidth / 2,
      top: item.offsetTop - box.clientHeight / 2,
    });
  }, [trail]);
  if (trail.turns.length === 0) return null;
  return (
    <nav class="trail" aria-label="Trail of turns">
      <div class="trail-home">
        <button
          type="button"
          class="home"
          aria-label="Gallery"
          aria-current={trail.current < 0 ? 'step' : undefined}
          onClick={() => session.walk((before) => select(before, -1))}
        >
          <Icon name="gallery" />
          <span>Gallery</span>
        </button>
        <button type="button" class="quiet" onClick={() => session.startOver()}>
          Start over
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="trail-scroll" tabIndex={0} aria-label="Turns">
        <ol ref={list}>
          {placeTurns(trail).map((placed) => (
            <TurnView key={placed.at} trail={trail} placed={placed} />
          ))}
        </ol>
      </section>
    </nav>
  );
}

function TurnView({ trail, placed }: { trail: Trail; placed: PlacedTurn }) {
  const session = useSession();
  const { at, column, row, drop } = placed;
  const turn = trail.turns[at];
  if (!turn) return null;
  const label = ownPhrase(trail, at)?.text ?? (turn.parent === null ? 'like this' : 'go on from this');
  const [first, ...others] = turn.references;
  const shown = at === trail.current;
  const said = turn.phrases.map(({ text }) => text).join(' + ') || label;
  const place = { gridColumn: column + 1, gridRow: row + 1, '--drop': drop };
  return (
    <li class={`turn${turn.parent === null ? '' : ' follows'}${shown ? ' shown' : ''}`} style={place}>
      <button
        type="button"
        class="turn-main"
        aria-current={shown ? 'step' : undefined}
        aria-label={`Turn ${at + 1}: ${label}${turn.filter ? `, where ${turn.filter}` : ''}`}
        title={turn.filter ? `${said} (where ${turn.filter})` : said}
        onClick={() => session.walk((before) => select(before, at))}
      >
        <span class="turn-picture">
          {first ? <ImageView image={first} eager /> : <span class="turn-text">Aa</span>}
          {others.length > 0 && <b>+{others.length}</b>}
        </span>
        <span class="turn-label">{label}</span>
      </button>
      <span class="turn-tools">
        <IconButton
          icon="fork"
          label={`Try another text beside turn ${at + 1}`}
          onClick={() => {
            session.walk((before) => fork(before, at));
            focusText();
          }}
        />
        <IconButton
          icon="close"
          label={`Remove turn ${at + 1}`}
          onClick={() => session.walk((before) => removeTurn(before, at))}
        />
      </span>
    </li>
  );
}
