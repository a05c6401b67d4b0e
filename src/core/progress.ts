/** What long work tells its caller, and how the command line shows it. Everything goes to stderr; stdout is for data. */
export type { OnProgress, ProgressEvent } from './progress-event.js';

/** Where remarks go that are no result. */
export interface Logger {
  /** A remark. */
  info(message: string): void;
  /** Something that the user should look at. */
  warn(message: string): void;
}

/** Discards every remark; the default of the library. */
export const silentLogger: Logger = { info() {}, warn() {} };

/** Writes remarks to stderr, warnings with "warning: " before them. */
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
