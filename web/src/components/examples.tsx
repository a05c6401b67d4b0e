import { useSession } from '../hooks/use-session.js';
import { exampleTexts } from '../state/examples.js';
import { currentTurn, say } from '../state/trail.js';

/** Texts to try with one click. */
export function Examples() {
  const session = useSession();
  const { view, results } = session.state;
  const turn = currentTurn(view.trail);
  if (!turn || !session.gallery) return null;
  const reference = turn.references[0];
  const known = reference && 'id' in reference ? results.entries.find(({ id }) => id === reference.id) : undefined;
  const said = new Set(turn.phrases.map(({ text }) => text));
  const texts = exampleTexts(session.gallery, known?.metadata, view.trail.turns.length, 4).filter((text) => !said.has(text));
  return (
    <p class="examples">
      <span>Try</span>
      {texts.slice(0, 3).map((text) => (
        <button key={text} type="button" onClick={() => session.walk((trail) => say(trail, text))}>
          {text}
        </button>
      ))}
    </p>
  );
}
