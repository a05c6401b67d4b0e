import type { ComponentChildren } from 'preact';

export interface SectionProps {
  title: string;
  /** Beside the title, e.g. how many are set. */
  note?: string | undefined;
  onToggle?: (open: boolean) => void;
  children: ComponentChildren;
}

/** A part of the rail that opens and closes. */
export function Section({ title, note, onToggle, children }: SectionProps) {
  return (
    <details class="section" onToggle={(event) => onToggle?.(event.currentTarget.open)}>
      <summary>
        <h2>{title}</h2>
        {note && <span class="note">{note}</span>}
      </summary>
      <div class="section-body">{children}</div>
    </details>
  );
}
