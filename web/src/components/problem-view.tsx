import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../api/problem.js';
import { useSession } from '../hooks/use-session.js';

export interface ProblemViewProps {
  problem: Problem;
  /** When the page tries again by itself, in milliseconds since 1970. */
  retryAt?: number | undefined;
  onRetry: () => void;
  /** Of the heading, which follows the page's or that of the results. @default 'h3' */
  heading?: 'h2' | 'h3';
}

const titles: Record<string, string> = {
  OFFLINE: 'No connection to the server',
  UPLOAD_GONE: 'This search began with a picture of your own',
  UNAUTHORIZED: 'This server asks for a key',
  RATE_LIMITED: 'A short pause',
  BUSY: 'The server is busy',
};

/** What went wrong, and what can be done. */
export function ProblemView({ problem, retryAt, onRetry, heading: Heading = 'h3' }: ProblemViewProps) {
  const session = useSession();
  const seconds = useCountdown(retryAt);
  const title = titles[problem.code] ?? (problem.status === 429 ? 'A short pause' : 'That did not work');
  return (
    <div class="problem" role="alert">
      <Heading>{title}</Heading>
      <p>{problem.message}</p>
      {seconds !== undefined && <p aria-live="off">Trying again in {seconds} s.</p>}
      <p class="row">
        {problem.status === 401 ? (
          <button type="button" class="button" onClick={() => session.askForKey()}>
            Enter a key
          </button>
        ) : (
          problem.code !== 'UPLOAD_GONE' && (
            <button type="button" class="button" onClick={onRetry}>
              Try again
            </button>
          )
        )}
      </p>
      {problem.request && (
        <p class="hint">
          Request <code>{problem.request}</code>
        </p>
      )}
    </div>
  );
}

function useCountdown(until: number | undefined): number | undefined {
  const [, tick] = useState(0);
  useEffect(() => {
    if (until === undefined) return;
    const timer = setInterval(() => tick((count) => count + 1), 500);
    return () => clearInterval(timer);
  }, [until]);
  return until === undefined ? undefined : Math.max(0, Math.ceil((until - Date.now()) / 1000));
}
