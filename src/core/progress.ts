/** What long work tells its caller, and how the command line shows it. Everything goes to stderr; stdout is for data. */
export interface ProgressEvent {
  /** What is being done, e.g. "encode pictures". */
  stage: string;
  done: number;
  total: number;
  /** Anything worth a word, e.g. "loss 2.31". */
  note?: string;
}

export type OnProgress = (event: ProgressEvent) => void;

export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}

export const silentLogger: Logger = { info() {}, warn() {} };

export const stderrLogger: Logger = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`warning: ${message}\n`),
};

/** "1 h 02 min", "3 min 20 s", "12 s". */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s` : `${s} s`;
}

/**
 * A progress display on a stream: a line that rewrites itself on a terminal, otherwise a line every few seconds.
 *
 * @param options.intervalSeconds pause between two lines where there is no terminal. @default 10
 */
export function progressDisplay(
  stream: NodeJS.WriteStream = process.stderr,
  options: { intervalSeconds?: number } = {},
): OnProgress & { end(): void } {
  const interval = stream.isTTY ? 0.1 : (options.intervalSeconds ?? 10);
  let stage = '';
  let startedAt = 0;
  let startedDone = 0;
  let shownAt = 0;
  let open = false;
  /** Whether the stage's last line was shown: work may report its end twice. */
  let ended = false;
  const end = () => {
    if (open) stream.write('\n');
    open = false;
  };
  const show = (event: ProgressEvent) => {
    const now = performance.now() / 1000;
    if (event.stage !== stage) {
      end();
      ended = false;
      [stage, startedAt, startedDone, shownAt] = [event.stage, now, event.done, Number.NEGATIVE_INFINITY];
    }
    const finished = event.done >= event.total;
    if (finished && ended) return;
    ended = finished;
    if (now - shownAt < interval && !finished) return;
    shownAt = now;
    const worked = event.done - startedDone;
    const left = worked > 0 ? ((now - startedAt) / worked) * (event.total - event.done) : Number.NaN;
    const time = finished ? `took ${formatDuration(now - startedAt)}` : `${formatDuration(left)} left`;
    const parts = [`${event.stage} ${event.done}/${event.total}`, event.note, Number.isNaN(left) && !finished ? undefined : time];
    const line = parts.filter(Boolean).join(', ');
    if (stream.isTTY) {
      stream.write(`\r\x1b[2K${line}`);
      open = true;
      if (finished) end();
    } else stream.write(`${line}\n`);
  };
  return Object.assign(show, { end });
}
