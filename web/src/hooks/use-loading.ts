import { useEffect, useState } from 'preact/hooks';
import type { LoadingState } from '../api/loading.js';
import { useSession } from './use-session.js';

/** How far the download of an export has come; undefined with a server. The component is drawn again whenever that changes. */
export function useLoading(): LoadingState | undefined {
  const { loading } = useSession().api;
  const [state, setState] = useState(loading?.state);
  useEffect(() => {
    setState(loading?.state);
    return loading?.watch(() => setState(loading.state));
  }, [loading]);
  return state;
}
