import { useEffect } from 'preact/hooks';
import { Compare } from './components/compare.js';
import { Composer } from './components/composer.js';
import { Crop } from './components/crop.js';
import { DropLayer } from './components/drop-layer.js';
import { Header } from './components/header.js';
import { HelpDialog } from './components/help-dialog.js';
import { KeyDialog } from './components/key-dialog.js';
import { LoadingNote } from './components/loading-note.js';
import { NoGalleries } from './components/no-galleries.js';
import { PanelSheet, Panels } from './components/panels.js';
import { PrivateNote } from './components/private-note.js';
import { Results } from './components/results.js';
import { TrailStrip } from './components/trail-strip.js';
import { Zoom } from './components/zoom.js';
import { useNarrow } from './hooks/use-narrow.js';
import { useSession } from './hooks/use-session.js';
import { useShortcuts } from './hooks/use-shortcuts.js';
import { documentTitle } from './state/title.js';

export function App() {
  const session = useSession();
  const narrow = useNarrow();
  const { dialog, notice, galleries, view } = session.state;
  useShortcuts(session);
  const title = documentTitle(view, (image) => session.nameOf(image));
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <Header />
      {galleries && session.gallery ? (
        <div class="columns">
          <div class="rail">
            <Composer />
            {!narrow && <Panels />}
            <LoadingNote />
            <PrivateNote />
          </div>
          <main class="stage">
            <TrailStrip />
            <Results narrow={narrow} />
          </main>
        </div>
      ) : (
        <NoGalleries />
      )}
      <DropLayer />
      {dialog?.kind === 'compare' && <Compare id={dialog.id} />}
      {dialog?.kind === 'zoom' && <Zoom image={dialog.image} />}
      {dialog?.kind === 'crop' && <Crop image={dialog.image} />}
      {(dialog?.kind === 'filters' || dialog?.kind === 'factors') && <PanelSheet kind={dialog.kind} />}
      {dialog?.kind === 'key' && <KeyDialog refused={dialog.refused} />}
      {dialog?.kind === 'help' && <HelpDialog />}
      <p class={notice ? 'toast shown' : 'toast'} role="status">
        {notice}
      </p>
    </>
  );
}
