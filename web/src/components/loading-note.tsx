import { useEffect, useState } from 'preact/hooks';
import type { Loading, LoadingState } from '../api/loading.js';
import { useSession } from '../hooks/use-session.js';

/** In an export: how much of the search is here, and a way to stop or start its download. */
export function LoadingNote() {
  const { loading } = useSession().api;
  return loading ? <Note loading={loading} /> : null;
}

function Note({ loading }: { loading: Loading }) {
  const [state, setState] = useState(loading.state);
  useEffect(() => {
    setState(loading.state);
    return loading.watch(() => setState(loading.state));
  }, [loading]);
  if (state.status === 'loading') return <Progress state={state} cancel={loading.actions.cancel} />;
  if (state.status !== 'stopped') return null;
  return (
    <section class="loading" aria-label="Loading">
      <p class="hint">The search is not loaded.</p>
      <button type="button" class="button small" onClick={loading.actions.start}>
        Load {megabytes(state.total - state.done)} MB
      </button>
    </section>
  );
}

function Progress({ state: { done, total }, cancel }: { state: LoadingState; cancel: () => void }) {
  const words = total > 0 ? `${megabytes(done)} of ${megabytes(total)} MB` : '…';
  return (
    <section class="loading" aria-label="Loading">
      <p class="hint">Loading the search: {words}</p>
      <progress aria-label="Loading the search" max={total || 1} value={done} />
      <button type="button" class="button small" onClick={cancel}>
        Cancel
      </button>
    </section>
  );
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
