import { createContext } from 'preact';
import { useContext, useLayoutEffect, useState } from 'preact/hooks';
import type { Session } from '../state/session.js';

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session; the component is drawn again whenever its state changes. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('There is no session around this component.');
  const [, draw] = useState(0);
  useLayoutEffect(() => session.subscribe(() => draw((count) => count + 1)), [session]);
  return session;
}
