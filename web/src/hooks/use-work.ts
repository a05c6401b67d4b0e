import { useEffect, useState } from 'preact/hooks';
import { type Problem, problemOf } from '../api/problem.js';

export interface Work<T> {
  /** Undefined while it is on its way, and where there is none. */
  value: T | undefined;
  problem: Problem | undefined;
  again: () => void;
}

/** Does some work for as long as the component asks for the same. @param key equal while the work is the same */
export function useWork<T>(work: (signal: AbortSignal) => Promise<T | undefined>, key: string): Work<T> {
  const [done, setDone] = useState<{ key: string; value?: T | undefined; problem?: Problem }>();
  const [tries, setTries] = useState(0);
  // The key stands for the work.
  useEffect(() => {
    const abort = new AbortController();
    setDone(undefined);
    work(abort.signal).then(
      (value) => abort.signal.aborted || setDone({ key, value }),
      (error: unknown) => abort.signal.aborted || setDone({ key, problem: problemOf(error) }),
    );
    return () => abort.abort();
  }, [key, tries]);
  const current = done?.key === key ? done : undefined;
  return { value: current?.value, problem: current?.problem, again: () => setTries((count) => count + 1) };
}
