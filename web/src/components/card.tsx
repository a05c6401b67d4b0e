import { useSession } from '../hooks/use-session.js';
import { focusText } from '../hooks/use-shortcuts.js';
import type { Entry } from '../state/reducer.js';
import { titleOf } from '../state/title.js';
import { addNegative, addReference, currentTurn, goOnFrom, startFrom } from '../state/trail.js';
import { CardFields } from './card-fields.js';
import { imageType } from './drop-layer.js';
import { IconButton } from './icon-button.js';
import { ImageView } from './image-view.js';
import { ScoreBar } from './score-bar.js';

export interface CardProps {
  entry: Entry;
  at: number;
  full: number;
  /** Whether Tab comes to this one of the grid. */
  reachable: boolean;
  onFocus: () => void;
}

/** One picture of the grid: a click goes on from it. */
export function Card({ entry, at, full, reachable, onFocus }: CardProps) {
  const session = useSession();
  const { hit, id } = entry;
  const { scores } = session.state;
  const turn = currentTurn(session.state.view.trail);
  const image = { id };
  const open = () => {
    session.choose(id);
    session.walk((trail) => (turn ? goOnFrom(trail, image) : startFrom(trail, image)));
    scrollTo({ top: 0 });
    if (matchMedia('(hover: hover)').matches) focusText();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === ' ') {
      // Enter goes on; the space bar looks closer, as in the finders of files.
      event.preventDefault();
      zoom();
    }
    if (!turn) return;
    if (event.key === '+' || event.key === '=') session.walk((trail) => addReference(trail, image));
    else if (event.key === '-') session.walk((trail) => addNegative(trail, image));
    else if (event.key === 'c' && hit) session.open({ kind: 'compare', id });
  };
  const zoom = () => session.open({ kind: 'zoom', image });
  const title = titleOf(id, entry.metadata);
  const name = hit ? `Go on from number ${hit.rank}, ${title}` : `Start from ${title}`;
  return (
    <li class="card" data-id={id}>
      <button
        type="button"
        class="card-picture"
        data-card={id}
        aria-label={name}
        tabIndex={reachable ? 0 : -1}
        draggable
        onDragStart={(event) => event.dataTransfer?.setData(imageType, id)}
        onFocus={onFocus}
        onClick={open}
        onKeyDown={onKey}
        onKeyUp={(event) => event.key === ' ' && event.preventDefault()}
        aria-keyshortcuts="Space"
      >
        <ImageView image={image} eager={at < 12} />
      </button>
      <span class="card-line">
        {hit && <b>{hit.rank}</b>}
        <span class="card-name" title={title === id ? id : `${title} (${id})`}>
          {title}
        </span>
        {hit && scores && <span class="card-score">{hit.score.toFixed(2)}</span>}
      </span>
      <CardFields metadata={entry.metadata} fields={session.gallery?.show ?? []} title={title} />
      {hit && scores && (
        <ScoreBar hit={hit} full={full} names={session.gallery?.factors ?? []} highlight={session.state.highlight} />
      )}
      <span class="card-tools">
        <span>
          <IconButton class="loupe" icon="zoom" label={`Look closer at ${title}`} onClick={zoom} />
          {turn && (
            <>
              <IconButton
                icon="plus"
                label={`More like ${title}`}
                onClick={() => session.walk((trail) => addReference(trail, image))}
              />
              <IconButton
                icon="minus"
                label={`Less like ${title}`}
                onClick={() => session.walk((trail) => addNegative(trail, image))}
              />
            </>
          )}
          {hit && <IconButton icon="compare" label={`Why ${title}?`} onClick={() => session.open({ kind: 'compare', id })} />}
        </span>
      </span>
    </li>
  );
}
