import { useEffect, useRef, useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { useSuggestions } from '../hooks/use-suggestions.js';
import { currentTurn, limits, say } from '../state/trail.js';
import { IconButton } from './icon-button.js';
import { SuggestedFilters } from './suggested-filters.js';
import { TextSuggestions } from './text-suggestions.js';

/** Where one says what to change: Enter searches, Escape empties. Beside it what the model would understand, and what it did not. */
export function Say() {
  const session = useSession();
  const { view } = session.state;
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const turn = currentTurn(view.trail);
  const suggestions = useSuggestions(text);
  // The field grows with its text.
  useEffect(() => {
    const { current } = field;
    if (!current) return;
    current.style.height = 'auto';
    current.style.height = `${current.scrollHeight}px`;
  }, [text]);
  const submit = (words: string) => {
    if (words.trim() === '') return field.current?.focus();
    session.walk((trail) => say(trail, words));
    setText('');
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit(text);
    } else if (event.key === 'Escape') {
      if (text) setText('');
      else field.current?.blur();
    }
  };
  const correct = (words: string) => {
    setText(words);
    field.current?.focus();
  };
  return (
    <div class="say">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(text);
        }}
      >
        <label class="hidden" for="say">
          What to change
        </label>
        <textarea
          id="say"
          ref={field}
          rows={1}
          value={text}
          maxLength={limits.text}
          placeholder={turn?.references.length ? 'Say what to change' : 'Say what you look for'}
          enterkeyhint="search"
          aria-keyshortcuts="/"
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKey}
        />
        <IconButton class="go" icon="arrow" label="Search" onClick={() => submit(text)} />
      </form>
      <SuggestedFilters found={suggestions} />
      <TextSuggestions found={suggestions} typed={text} onSay={submit} onCorrect={correct} />
    </div>
  );
}
