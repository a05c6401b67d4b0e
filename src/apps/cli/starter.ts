/**
 * Whether the npx (or npm exec) that started this process still runs. Told to end, it ends itself and the shell between, and not what the
 * shell had started: without this, a server outlives its npx and keeps its port.
 */
import { readFileSync } from 'node:fs';

const interval = 500;

/**
 * Calls `onGone` once when the npx that started this process has ended; never where another program started it, such as a shell or a script
 * that puts it in the background, whose end means nothing.
 *
 * @returns stops looking
 */
export function whenStarterEnds(onGone: () => void): () => void {
  if (process.env.npm_command !== 'exec') return () => {};
  const before = ancestors();
  const timer = setInterval(() => {
    if (ancestors() === before) return;
    clearInterval(timer);
    onGone();
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

/** The processes above: the shell that npx runs commands in, and npx itself where the system says which that is. */
function ancestors(): string {
  return `${process.ppid} ${parentOf(process.ppid)}`;
}

function parentOf(pid: number): string {
  try {
    // "pid (name) state parent ...", and a name may have any characters.
    return readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/s, '').trim().split(' ')[1] ?? '';
  } catch {
    return '';
  }
}
