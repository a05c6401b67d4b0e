import { useState } from 'preact/hooks';

export interface DraftInputProps {
  type: 'text' | 'number';
  /** Beside the input. */
  label: string;
  /** What a screen reader calls it. */
  name: string;
  /** What holds. */
  value: string | number;
  placeholder?: string;
  onCommit: (input: HTMLInputElement) => void;
}

/** A text of a filter has at most so many characters. */
const mostCharacters = 200;

/**
 * An input whose text counts when it is left or Enter is pressed. What is being typed stays as it is meanwhile, whatever else on the page
 * changes: an answer to an earlier change would otherwise erase it.
 */
export function DraftInput({ type, label, name, value, placeholder = '', onCommit }: DraftInputProps) {
  const [draft, setDraft] = useState<string>();
  const shared = {
    placeholder,
    'aria-label': name,
    value: draft ?? value,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => setDraft(currentTarget.value),
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) => onCommit(currentTarget),
    onBlur: () => setDraft(undefined),
  };
  return type === 'number' ? (
    <label>
      <span>{label}</span>
      <input type="number" step="any" inputMode="decimal" {...shared} />
    </label>
  ) : (
    <label>
      <span>{label}</span>
      <input type="text" maxLength={mostCharacters} {...shared} />
    </label>
  );
}
