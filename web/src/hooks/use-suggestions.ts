import { useEffect, useState } from 'preact/hooks';
import type { Suggestions } from '../api/types.js';
import { currentTurn } from '../state/trail.js';
import { useSession } from './use-session.js';

/** How long typing must rest before the server is asked, in milliseconds. */
const rest = 160;

/** What the model would understand next, and what it did not. The last answer stays until the next is here; without one there are none. */
export function useSuggestions(typed: string): Suggestions | undefined {
  const session = useSession();
  const [found, setFound] = useState<{ turn: string; value: Suggestions | undefined }>();
  const turn = currentTurn(session.state.view.trail);
  const asked = JSON.stringify([session.gallery?.name, turn?.references, turn?.phrases]);
  useEffect(() => {
    const abort = new AbortController();
    const ask = () =>
      session.suggest(typed.trim(), abort.signal).then(
        (value) => abort.signal.aborted || setFound({ turn: asked, value }),
        // They only help: without them the search is the same.
        () => abort.signal.aborted || setFound({ turn: asked, value: undefined }),
      );
    const timer = setTimeout(ask, typed ? rest : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [typed, asked, session]);
  return found?.turn === asked ? found.value : undefined;
}
