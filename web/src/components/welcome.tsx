import { useSession } from '../hooks/use-session.js';
import { exampleTexts } from '../state/examples.js';
import { say, startFrom } from '../state/trail.js';
import { Icon } from './icon.js';
import { ImageView } from './image-view.js';

/** Teaches by three searches of this very gallery; a click makes one. */
export function Welcome() {
  const session = useSession();
  const { gallery } = session;
  const { entries } = session.state.results;
  const step = Math.max(1, Math.floor(entries.length / 3));
  const chosen = [0, 1, 2].map((nth) => entries[nth * step]).filter((entry) => entry !== undefined);
  return (
    <div class="welcome">
      <p class="welcome-title">
        Start from a picture. <em>Say what to change.</em>
      </p>
      <ul aria-label="Examples">
        {gallery &&
          chosen.map(({ id, metadata }, nth) => {
            const texts = exampleTexts(gallery, metadata, nth, 3);
            const text = texts[[0, 2, 1][nth] ?? 0] ?? '';
            return (
              <li key={id}>
                <button
                  type="button"
                  class="example"
                  onClick={() => session.walk((trail) => say(startFrom(trail, { id }), text))}
                >
                  <ImageView image={{ id }} eager />
                  <q>{text}</q>
                  <Icon name="arrow" />
                </button>
              </li>
            );
          })}
        {chosen.length === 0 &&
          session.state.results.status === 'loading' &&
          [0, 1, 2].map((at) => <li key={at} class="example skeleton" aria-hidden="true" />)}
      </ul>
    </div>
  );
}
