import type { LoadingState } from '../api/loading.js';
import { useLoading } from '../hooks/use-loading.js';
import { useSession } from '../hooks/use-session.js';

/** In an export: how much of the search is here, and a way to stop or start its download. */
export function LoadingNote() {
  const { loading } = useSession().api;
  const state = useLoading();
  if (!loading || !state) return null;
  if (state.status === 'loading') return <Progress state={state} cancel={loading.actions.cancel} />;
  if (state.status !== 'stopped') return null;
  const left = state.total - state.done;
  return (
    <section class="loading" aria-label="Loading">
      <p class="hint">The search is not loaded.</p>
      <button type="button" class="button small" onClick={loading.actions.start}>
        {left > 0 ? `Load ${megabytes(left)} MB` : 'Load'}
      </button>
    </section>
  );
}

function Progress({ state: { done, total }, cancel }: { state: LoadingState; cancel: () => void }) {
  // With the last byte the model is started, which nothing can hasten or stop.
  const isStarting = total > 0 && done >= total;
  return (
    <section class="loading" aria-label="Loading">
      <p class="hint">
        {isStarting ? 'Starting the search …' : `Loading the search: ${megabytes(done)} of ${megabytes(total)} MB`}
      </p>
      <progress aria-label="Loading the search" max={total || 1} value={done} />
      {!isStarting && (
        <button type="button" class="button small" onClick={cancel}>
          Cancel
        </button>
      )}
    </section>
  );
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
