import { isExport } from '../api/backend.js';
import { useSession } from '../hooks/use-session.js';

/** What becomes of images and words: in an export they stay on this device; a server may keep which results people choose. */
export function PrivateNote() {
  const { gallery } = useSession();
  const note = isExport
    ? 'Nothing is sent anywhere: the search runs in this browser.'
    : gallery?.keepsChoices && 'This shop keeps which result you choose. No image of yours is stored.';
  if (!note) return null;
  return (
    <section aria-label="Privacy">
      <p class="hint">{note}</p>
    </section>
  );
}
