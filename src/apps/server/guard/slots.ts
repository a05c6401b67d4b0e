/** Places to work in, for a bounded number of requests, and bytes of memory for their bodies; of both each caller has a share. */
import { HttpProblem } from '../handlers/problems.js';
import { Shares } from './shares.js';
import { Turns } from './turns.js';

const busy = (message: string) => new HttpProblem(503, 'BUSY', message, { headers: { 'retry-after': '1' } });

/**
 * Lets `count` requests work at once and `waiting` more wait. Of those that wait, each caller's first comes next in turn, so that many
 * requests of one caller do not stand before the only one of another.
 */
export class Slots {
  private readonly places: Shares;
  private readonly waiting: Shares;
  private readonly queue = new Turns<Waiting>();

  /** @param share of the places, and of those to wait in, that one caller alone may have. @default 1 */
  constructor(count: number, waiting: number, share = 1) {
    this.places = new Shares(count, share);
    this.waiting = new Shares(waiting, share);
  }

  /**
   * Waits for a place.
   *
   * @param caller whose share it is of. @default nobody's
   * @returns gives it back
   * @throws HttpProblem 503 where too many wait already; the signal's reason when that fires first
   */
  async enter(signal: AbortSignal, caller?: string): Promise<() => void> {
    signal.throwIfAborted();
    if (!this.places.take(1, caller)) await this.wait(signal, caller);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.places.give(1, caller);
      this.admit();
    };
  }

  private wait(signal: AbortSignal, caller: string | undefined): Promise<void> {
    if (!this.waiting.take(1, caller)) throw busy('The server has too much to do. Try again in a second.');
    return new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.queue.remove(caller ?? '', entry);
        this.waiting.give(1, caller);
        reject(signal.reason);
      };
      const entry: Waiting = {
        caller,
        admit: () => {
          signal.removeEventListener('abort', leave);
          this.waiting.give(1, caller);
          resolve();
        },
      };
      this.queue.add(caller ?? '', entry);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives free places to those who wait and may have one. */
  private admit(): void {
    for (;;) {
      const next = this.queue.next(({ caller }) => this.places.take(1, caller));
      if (!next) return;
      next.admit();
    }
  }
}

interface Waiting {
  caller: string | undefined;
  admit(): void;
}

/** Bytes that are held in memory for callers: bodies that have come, answers that have not gone. */
export class ByteBudget {
  private readonly bytes: Shares;

  /** @param share that one caller alone may have. @default 1 @param least that every caller may have, where it is free. @default 0 */
  constructor(total: number, share = 1, least = 0) {
    this.bytes = new Shares(total, share, least);
  }

  /** @returns gives the bytes back @throws HttpProblem 503 where there is no room */
  reserve(bytes: number, caller?: string): () => void {
    const held = this.open(caller);
    held.add(bytes);
    return () => held.release();
  }

  /** An amount that grows as bytes arrive. */
  open(caller?: string): HeldBytes {
    let held = 0;
    return {
      add: (bytes) => {
        if (!this.bytes.take(bytes, caller)) throw busy('The server holds as many uploads as it can. Try again in a second.');
        held += bytes;
      },
      release: () => {
        this.bytes.give(held, caller);
        held = 0;
      },
    };
  }
}

export interface HeldBytes {
  /** @throws HttpProblem 503 where there is no room; what was added before stays held */
  add(bytes: number): void;
  release(): void;
}
