import type { Suggestions } from '../api/types.js';
import { useSession } from '../hooks/use-session.js';
import { currentTurn, editPhrase } from '../state/trail.js';

export interface TextSuggestionsProps {
  found: Suggestions | undefined;
  typed: string;
  onSay: (text: string) => void;
  /** Puts other words in the place of what is typed. */
  onCorrect: (text: string) => void;
}

/** Texts to try with one click, as the model has learned them, and what it has no word for. */
export function TextSuggestions({ found, typed, onSay, onCorrect }: TextSuggestionsProps) {
  const session = useSession();
  const { view } = session.state;
  const turn = currentTurn(view.trail);
  const said = new Set(turn?.phrases.map(({ text }) => text));
  const texts = (found?.suggestions ?? []).filter((text) => !said.has(text) && text !== typed.trim());
  const correct = (text: string, corrected: string) => {
    const place = turn?.phrases.findIndex((phrase) => phrase.text === text) ?? -1;
    if (place >= 0) session.walk((trail) => editPhrase(trail, place, corrected), 'quiet');
    else onCorrect(corrected);
  };
  // The last word may not be whole yet.
  const unfinished = (text: string, word: string, nearest: readonly string[]) =>
    text === typed.trim() &&
    typed.toLowerCase().endsWith(word) &&
    (word.length < 3 || nearest.some((known) => known.startsWith(word)));
  const unknown = (found?.unknown ?? []).filter(({ text, words }) =>
    words.some(({ word, nearest }) => !unfinished(text, word, nearest)),
  );
  return (
    <div class="suggestions">
      <div role="status">
        {unknown.map(({ text, words, corrected }) => (
          <p key={text} class="advice">
            The model has never seen {words.map(({ word }) => `“${word}”`).join(', ')}.{' '}
            {corrected ? (
              <>
                Did you mean{' '}
                <button type="button" class="quiet" onClick={() => correct(text, corrected)}>
                  {corrected}
                </button>
                ?
              </>
            ) : (
              'Say it in other words.'
            )}
          </p>
        ))}
      </div>
      {(turn || typed) && texts.length > 0 && (
        <p class="examples">
          <span>{typed ? 'Go on' : 'Try'}</span>
          {texts.slice(0, 4).map((text) => (
            <button key={text} type="button" onClick={() => onSay(text)}>
              {text}
            </button>
          ))}
        </p>
      )}
    </div>
  );
}
