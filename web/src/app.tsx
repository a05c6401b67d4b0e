import { Compare } from './components/compare.js';
import { Composer } from './components/composer.js';
import { DropLayer } from './components/drop-layer.js';
import { Factors } from './components/factors.js';
import { Filters } from './components/filters.js';
import { Header } from './components/header.js';
import { HelpDialog } from './components/help-dialog.js';
import { KeyDialog } from './components/key-dialog.js';
import { NoGalleries } from './components/no-galleries.js';
import { Results } from './components/results.js';
import { TrailStrip } from './components/trail-strip.js';
import { useSession } from './hooks/use-session.js';
import { useShortcuts } from './hooks/use-shortcuts.js';

export function App() {
  const session = useSession();
  const { dialog, notice, galleries } = session.state;
  useShortcuts(session);
  return (
    <>
      <button type="button" class="skip" onClick={skipToResults}>
        Skip to the pictures
      </button>
      <Header />
      {galleries && session.gallery ? (
        <div class="columns">
          <div class="rail">
            <Composer />
            <div class="sections">
              <Filters />
              <Factors />
            </div>
          </div>
          <main class="stage">
            <TrailStrip />
            <Results />
          </main>
        </div>
      ) : (
        <NoGalleries />
      )}
      <DropLayer />
      {dialog?.kind === 'compare' && <Compare id={dialog.id} />}
      {dialog?.kind === 'key' && <KeyDialog refused={dialog.refused} />}
      {dialog?.kind === 'help' && <HelpDialog />}
      <p class={notice ? 'toast shown' : 'toast'} role="status">
        {notice}
      </p>
    </>
  );
}

function skipToResults(): void {
  document.querySelector<HTMLElement>('[data-card][tabindex="0"]')?.focus();
}
