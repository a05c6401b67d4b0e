import { useEffect } from 'preact/hooks';
import type { Session } from '../state/session.js';

const isEditing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Keys that work everywhere: "/" to say something, "?" for help. */
export function useShortcuts(session: Session): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || session.state.dialog || isEditing(event.target)) return;
      if (event.key === '/') {
        event.preventDefault();
        focusText();
      } else if (event.key === '?') {
        event.preventDefault();
        session.open({ kind: 'help' });
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [session]);
}

/** Puts the cursor where one says what to change. */
export function focusText(): void {
  document.getElementById('say')?.focus();
}
