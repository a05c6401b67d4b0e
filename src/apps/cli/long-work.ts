/** What long commands share: progress and logs on stderr, and Ctrl-C, which once means "stop at the next safe point". */
import type { Logger, OnProgress } from '../../core/progress.js';
import { progressDisplay } from '../../core/progress-display.js';
import { endNow } from './interrupt.js';
import { whenStarterEnds } from './starter.js';

export interface LongWork {
  signal: AbortSignal;
  onProgress: OnProgress;
  logger: Logger;
}

/** Runs long work. The second Ctrl-C ends the process at once, with exit code 130. */
export async function runLong<T>(work: (tools: LongWork) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const progress = progressDisplay();
  const say = (message: string) => {
    progress.end();
    process.stderr.write(`${message}\n`);
  };
  const onSignal = () => {
    if (stop.signal.aborted) {
      progress.end();
      return endNow();
    }
    say('Stopping at the next safe point; press Ctrl-C again to stop at once.');
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const stopLooking = whenStarterEnds(() => stop.signal.aborted || onSignal());
  try {
    const logger = { info: say, warn: (message: string) => say(`warning: ${message}`) };
    return await work({ signal: stop.signal, onProgress: progress, logger });
  } finally {
    progress.end();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    stopLooking();
  }
}
