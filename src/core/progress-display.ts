/** Progress as a terminal shows it, in one row that rewrites itself; and as lines, where there is no terminal. */
import { stripVTControlCharacters } from 'node:util';
import { cutToWidth, displayWidth } from './display-width.js';
import { formatDuration, type OnProgress, type ProgressEvent } from './progress.js';

/** Of a terminal that does not say how wide it is. */
const usualColumns = 80;
/** Characters that would leave the row, or a place in it. */
const movements = /[\b\t\n\v\f\r]+/g;

/**
 * A progress display on a stream: a row that rewrites itself on a terminal, otherwise a line every few seconds. On a terminal a line is
 * cut to the width, for one that wraps would leave rows behind; elsewhere it is whole, and plain.
 *
 * @param options.intervalSeconds pause between two lines where there is no terminal. @default 10
 */
export function progressDisplay(
  stream: NodeJS.WriteStream = process.stderr,
  options: { intervalSeconds?: number } = {},
): OnProgress & { end(): void } {
  const interval = stream.isTTY ? 0.1 : (options.intervalSeconds ?? 10);
  const row = new TerminalRow(stream);
  let stage = '';
  let startedAt = 0;
  let startedDone = 0;
  let shownAt = 0;
  /** Whether the stage's last line was shown: work may report its end twice. */
  let ended = false;
  const show = (event: ProgressEvent) => {
    const now = performance.now() / 1000;
    if (event.stage !== stage) {
      row.end();
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
    const took = finished ? `took ${formatDuration(now - startedAt)}` : undefined;
    // One time to come is enough: that of all, where it is known.
    const own = finished || Number.isNaN(left) ? undefined : `${formatDuration(left)} left`;
    const toCome = event.leftInAll === undefined ? own : `about ${formatDuration(event.leftInAll)} left in all`;
    const parts = [`${event.stage} ${event.done}/${event.total}`, event.note, took, toCome];
    const line = parts.filter(Boolean).join(', ').replace(movements, ' ');
    if (stream.isTTY) {
      row.write(line);
      if (finished) row.end();
    } else stream.write(`${stripVTControlCharacters(line)}\n`);
  };
  return Object.assign(show, { end: () => row.end() });
}

/** The row of a terminal that is written again and again. */
class TerminalRow {
  private line = '';
  /** Columns that the row takes as it was written last. */
  private width = 0;
  private isOpen = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  write(line: string): void {
    // Written into the last column, some terminals go on to the next row.
    const fitting = cutToWidth(line, Math.max(1, this.columns - 1));
    this.stream.write(`${this.toStart()}${fitting}`);
    if (!this.isOpen) this.stream.on('resize', this.onResize);
    [this.line, this.width, this.isOpen] = [line, displayWidth(fitting), true];
  }

  end(): void {
    if (!this.isOpen) return;
    this.stream.off('resize', this.onResize);
    this.stream.write('\n');
    [this.width, this.isOpen] = [0, false];
  }

  private readonly onResize = () => this.write(this.line);

  /** Goes to the first column and empties the row. A terminal that became narrower has broken it into several, which are emptied too. */
  private toStart(): string {
    const above = Math.max(0, Math.ceil(this.width / this.columns) - 1);
    return above > 0 ? `\r\x1b[${above}A\x1b[J` : '\r\x1b[2K';
  }

  private get columns(): number {
    return this.stream.columns || usualColumns;
  }
}
