import { isExport } from '../api/backend.js';

/** In an export: that images and words stay on this device. */
export function PrivateNote() {
  if (!isExport) return null;
  return (
    <section aria-label="Privacy">
      <p class="hint">Nothing is sent anywhere: the search runs in this browser.</p>
    </section>
  );
}
