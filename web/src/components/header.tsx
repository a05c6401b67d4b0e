import { useState } from 'preact/hooks';
import type { Gallery } from '../api/types.js';
import { useSession } from '../hooks/use-session.js';
import { keepTheme, readTheme, type Theme } from '../state/device.js';
import type { IconName } from './icon.js';
import { IconButton } from './icon-button.js';

const themes: Record<Theme, { next: Theme; icon: IconName; label: string }> = {
  system: { next: 'light', icon: 'system', label: 'Theme: as the system' },
  light: { next: 'dark', icon: 'sun', label: 'Theme: light' },
  dark: { next: 'system', icon: 'moon', label: 'Theme: dark' },
};

export function Header() {
  const session = useSession();
  const [theme, setTheme] = useState(readTheme);
  const { view } = session.state;
  const turnTheme = () => {
    const { next } = themes[theme];
    keepTheme(next);
    setTheme(next);
  };
  const copyLink = () => {
    const uploads = view.trail.turns.some(({ references, negatives }) =>
      [...references, ...negatives].some((one) => 'upload' in one),
    );
    const said = uploads
      ? 'Link copied. Pictures from your device stay here: others are asked to add their own.'
      : 'Link copied.';
    // Pages that came unencrypted have no clipboard.
    const copied = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error('no clipboard'));
    copied.then(
      () => session.notify(said),
      () => session.notify('The browser did not let the page copy; the link is in the address bar.'),
    );
  };
  return (
    <header class="header">
      <button type="button" class="skip" onClick={skipToResults}>
        Skip to the pictures
      </button>
      <h1 class="wordmark">limn</h1>
      <GalleryChoice />
      <div class="header-tools">
        <IconButton icon="link" label="Copy a link to this search" onClick={copyLink} />
        <IconButton class="wide-only" icon="keyboard" label="Keyboard shortcuts" onClick={() => session.open({ kind: 'help' })} />
        <IconButton icon={themes[theme].icon} label={themes[theme].label} onClick={turnTheme} />
      </div>
    </header>
  );
}

const nameAndCount = ({ name, count }: Gallery) => `${name} · ${count.toLocaleString('en')}`;

/** Which gallery is searched; where there is one alone, there is nothing to choose. */
function GalleryChoice() {
  const session = useSession();
  const { galleries = [], view } = session.state;
  if (galleries.length === 0) return null;
  if (galleries.length === 1 && session.gallery) return <p class="gallery-name">{nameAndCount(session.gallery)}</p>;
  return (
    <span class="select">
      <select
        aria-label="Gallery"
        value={session.gallery ? view.gallery : ''}
        onChange={(event) => session.chooseGallery(event.currentTarget.value)}
      >
        {!session.gallery && <option value="">Choose a gallery</option>}
        {galleries.map((gallery) => (
          <option key={gallery.name} value={gallery.name}>
            {nameAndCount(gallery)}
          </option>
        ))}
      </select>
    </span>
  );
}

function skipToResults(): void {
  document.querySelector<HTMLElement>('[data-card][tabindex="0"]')?.focus();
}
