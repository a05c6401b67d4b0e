import type { ComponentChildren } from 'preact';

export interface SectionProps {
  title: string;
  /** Beside the title, e.g. how many are set. */
  note?: string | undefined;
  open?: boolean;
  children: ComponentChildren;
}

/** A part of the rail that opens and closes. */
export function Section({ title, note, open = false, children }: SectionProps) {
  return (
    <details class="section" open={open}>
      <summary>
        <h2>{title}</h2>
        {note && <span class="note">{note}</span>}
      </summary>
      <div class="section-body">{children}</div>
    </details>
  );
}
