import { useEffect, useRef, useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { focusText } from '../hooks/use-shortcuts.js';
import { editPhrase, limits, removePhrase, type Turn, togglePhrase } from '../state/trail.js';
import { conflictIn } from '../state/words.js';
import { IconButton } from './icon-button.js';

/** The texts that hold together, each a chip: a click lets it rest, the pencil changes it. */
export function Phrases({ turn }: { turn: Turn }) {
  const session = useSession();
  const [edited, setEdited] = useState<number>();
  const conflict = conflictIn(turn, session.gallery?.fields ?? []);
  const [earlier, later] = [turn.phrases[conflict?.earlier ?? -1]?.text, turn.phrases[conflict?.later ?? -1]?.text];
  return (
    <>
      <ul class="phrases" aria-label="Texts that hold together">
        {turn.phrases.map(({ text, held }, at) => (
          <li key={text} class={held ? 'phrase' : 'phrase resting'}>
            {edited === at ? (
              <EditPhrase
                text={text}
                onDone={(words) => {
                  setEdited(undefined);
                  if (words !== undefined) session.walk((trail) => editPhrase(trail, at, words), 'quiet');
                  focusText();
                }}
              />
            ) : (
              <>
                <button
                  type="button"
                  class="phrase-text"
                  aria-pressed={held}
                  title={held ? 'Let this text rest' : 'Let this text hold again'}
                  onClick={() => session.walk((trail) => togglePhrase(trail, at))}
                >
                  {text}
                </button>
                <IconButton icon="pencil" label={`Change “${text}”`} onClick={() => setEdited(at)} />
                <IconButton
                  icon="close"
                  label={`Remove “${text}”`}
                  onClick={() => session.walk((trail) => removePhrase(trail, at))}
                />
              </>
            )}
          </li>
        ))}
      </ul>
      {conflict && earlier !== undefined && (
        <p class="advice" role="status">
          Both “{earlier}” and “{later}” say a {conflict.field}.{' '}
          <button type="button" class="quiet" onClick={() => session.walk((trail) => removePhrase(trail, conflict.earlier))}>
            Replace “{earlier}”
          </button>
        </p>
      )}
    </>
  );
}

/** @param onDone is given the new words; undefined where nothing is to change */
function EditPhrase({ text, onDone }: { text: string; onDone: (words?: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const end = (words?: string) => {
    if (done.current) return;
    done.current = true;
    onDone(words);
  };
  useEffect(() => field.current?.select(), []);
  return (
    <input
      ref={field}
      class="phrase-edit"
      type="text"
      aria-label={`Change “${text}”`}
      defaultValue={text}
      maxLength={limits.text}
      enterkeyhint="search"
      onKeyDown={(event) => {
        if (event.key === 'Enter') end(event.currentTarget.value);
        else if (event.key === 'Escape') end();
        event.stopPropagation();
      }}
      onBlur={(event) => end(event.currentTarget.value)}
    />
  );
}
