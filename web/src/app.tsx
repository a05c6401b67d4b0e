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
      <a class="skip" href="#results" onClick={skipToResults}>
        Skip to the pictures
      </a>
      <Header />
      {galleries && session.gallery ? (
        <div class="columns">
          <div class="rail">
            <Composer />
            <Filters />
            <Factors />
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

/** The address belongs to the view, so the link moves the focus itself. */
function skipToResults(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('[data-card]')?.focus();
}
