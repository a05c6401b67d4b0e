import { useSession } from '../hooks/use-session.js';
import { useWork } from '../hooks/use-work.js';
import { say, startFrom } from '../state/trail.js';
import { Icon } from './icon.js';
import { ImageView } from './image-view.js';

/** Teaches by three searches of this very gallery, in words that its model knows; a click makes one. */
export function Welcome() {
  const session = useSession();
  const { entries, status } = session.state.results;
  const step = Math.max(1, Math.floor(entries.length / 3));
  const chosen = [0, 1, 2].map((nth) => entries[nth * step]).filter((entry) => entry !== undefined);
  return (
    <div class="welcome">
      <p class="welcome-title">
        Start from a picture. <em>Say what to change.</em>
      </p>
      <ul aria-label="Examples">
        {chosen.map(({ id }, nth) => (
          <Example key={id} id={id} nth={nth} />
        ))}
        {chosen.length === 0 &&
          status === 'loading' &&
          [0, 1, 2].map((at) => <li key={at} class="example skeleton" aria-hidden="true" />)}
      </ul>
    </div>
  );
}

/** @param nth of the examples: each says something else */
function Example({ id, nth }: { id: string; nth: number }) {
  const session = useSession();
  const found = useWork((signal) => session.suggestFor(id, signal), `${session.gallery?.name} ${id}`);
  const text = found.value?.suggestions[nth] ?? found.value?.suggestions[0];
  const done = found.value !== undefined || found.problem !== undefined;
  const start = () =>
    session.walk((trail) => (text === undefined ? startFrom(trail, { id }) : say(startFrom(trail, { id }), text)));
  return (
    <li>
      <button type="button" class="example" onClick={start}>
        <ImageView image={{ id }} eager />
        {text === undefined ? <span class="hint">{done ? `More like ${session.nameOf({ id })}` : '…'}</span> : <q>{text}</q>}
        <Icon name="arrow" />
      </button>
    </li>
  );
}
