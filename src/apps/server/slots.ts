/** Places to work in, for a bounded number of requests, and bytes of memory for their bodies. */
import { HttpProblem } from './problems.js';

const busy = (message: string) => new HttpProblem(503, 'BUSY', message, { headers: { 'retry-after': '1' } });

interface Waiting {
  admit(): void;
}

/** Lets `count` requests work at once and `waiting` more wait, first come, first served. */
export class Slots {
  private working = 0;
  private readonly queue = new Set<Waiting>();

  constructor(
    private readonly count: number,
    private readonly waiting: number,
  ) {}

  /**
   * Waits for a place.
   *
   * @returns gives it back
   * @throws HttpProblem 503 where too many wait already; the signal's reason when that fires first
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.working < this.count) this.working++;
    else {
      if (this.queue.size >= this.waiting) throw busy('The server has too much to do. Try again in a second.');
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          this.queue.delete(entry);
          reject(signal.reason);
        };
        const entry: Waiting = {
          admit: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        this.queue.add(entry);
        signal.addEventListener('abort', leave, { once: true });
      });
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.leave();
    };
  }

  /** The place goes to the first that waits, so that `working` stays. */
  private leave(): void {
    const [next] = this.queue;
    if (!next) {
      this.working--;
      return;
    }
    this.queue.delete(next);
    next.admit();
  }
}

/** Bytes that bodies may take in memory together. */
export class ByteBudget {
  private used = 0;

  constructor(private readonly total: number) {}

  /** @returns gives the bytes back @throws HttpProblem 503 where there is no room */
  reserve(bytes: number): () => void {
    if (this.used + bytes > this.total) throw busy('The server holds as many uploads as it can. Try again in a second.');
    this.used += bytes;
    let held = bytes;
    return () => {
      this.used -= held;
      held = 0;
    };
  }
}
