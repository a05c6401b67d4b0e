import { useEffect, useState } from 'preact/hooks';

/** The filter as the server reads it. */
export function FilterText({ filter, onChange }: { filter: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  return (
    <form
      class="filter-text"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <label for="filter">As text</label>
      <textarea
        id="filter"
        rows={2}
        spellcheck={false}
        autocapitalize="off"
        maxLength={2000}
        placeholder="colour = 'red' and price < 50"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText(filter);
          if (event.key !== 'Enter' || event.shiftKey) return;
          event.preventDefault();
          onChange(text.trim());
        }}
      />
      <span class="row">
        {filter && (
          <button type="button" class="quiet" onClick={() => onChange('')}>
            Clear filters
          </button>
        )}
        {text.trim() !== filter && (
          <button type="submit" class="button small">
            Apply
          </button>
        )}
      </span>
    </form>
  );
}
