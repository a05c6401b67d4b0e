import type { Suggestions } from '../api/types.js';
import { useSession } from '../hooks/use-session.js';
import { exampleTexts } from '../state/examples.js';
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
  const reference = turn?.references[0];
  const said = new Set(turn?.phrases.map(({ text }) => text));
  // A server that suggests nothing leaves the page's own.
  const own = () => {
    if (!session.gallery || !turn || typed) return [];
    return exampleTexts(session.gallery, reference && session.metadataOf(reference), view.trail.turns.length, 4);
  };
  const texts = (found?.suggestions.length ? found.suggestions : own()).filter(
    (text) => !said.has(text) && text !== typed.trim(),
  );
  const correct = (text: string, corrected: string) => {
    const place = turn?.phrases.findIndex((phrase) => phrase.text === text) ?? -1;
    if (place >= 0) session.walk((trail) => editPhrase(trail, place, corrected), 'quiet');
    else onCorrect(corrected);
  };
  const beingTyped = (text: string) => text === typed.trim();
  // The last word may not be whole yet.
  const unknown = (found?.unknown ?? []).filter(
    ({ text, words }) => !beingTyped(text) || words.some(({ word }) => !typed.toLowerCase().endsWith(word)),
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
