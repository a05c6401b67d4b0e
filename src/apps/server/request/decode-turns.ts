/**
 * Whose picture is decoded next. Decoding takes libvips' threads, which it shares with the reading of files, so only a few pictures are
 * decoded at once, of each caller fewer, and of large ones a single one: small ones pass by it. What was not begun when its request
 * ended is never begun.
 */
import type { DecodeCost } from '../../../models/encoders/image/decode-cost.js';
import { Turns } from '../guard/turns.js';

export interface DecodeTurnsOptions {
  /** Pictures at once. */
  concurrency: number;
  /** Pictures of one caller at once. */
  perCaller: number;
  /** Bytes of all pictures at once; none may need more alone. */
  bytes: number;
}

type Cost = Pick<DecodeCost, 'work' | 'memory'>;

interface Waiting {
  cost: Cost;
  start(): void;
}

const largeWork = 4_000_000;
const largeMemory = 64 * 2 ** 20;
const isLarge = ({ work, memory }: Cost) => work > largeWork || memory > largeMemory;

export class DecodeTurns {
  private readonly queue = new Turns<Waiting>();
  private readonly running = new Map<string, number>();
  private count = 0;
  private large = 0;
  private bytes = 0;

  constructor(private readonly options: DecodeTurnsOptions) {}

  /**
   * Decodes when it is the picture's turn.
   *
   * @throws the signal's reason when that fires before; what has begun goes on to its end, and keeps its place until then
   */
  async run<T>(caller: string, cost: Cost, signal: AbortSignal, decode: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.queue.remove(caller, entry);
        reject(signal.reason);
      };
      const entry: Waiting = {
        cost,
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.queue.add(caller, entry);
      this.startNext();
    });
    try {
      return await decode();
    } finally {
      this.hold(caller, cost, -1);
      this.startNext();
    }
  }

  private startNext(): void {
    const take = ({ cost }: Waiting, caller: string) => {
      if (!this.fits(cost, caller)) return false;
      this.hold(caller, cost, 1);
      return true;
    };
    for (;;) {
      // Who has none comes before who has one already.
      const first = this.queue.next((entry, caller) => !this.running.has(caller) && take(entry, caller));
      const next = first ?? this.queue.next(take);
      if (!next) return;
      next.start();
    }
  }

  private fits(cost: Cost, caller: string): boolean {
    const { concurrency, perCaller, bytes } = this.options;
    if (this.count >= concurrency || (this.running.get(caller) ?? 0) >= perCaller) return false;
    return (!isLarge(cost) || this.large === 0) && this.bytes + cost.memory <= bytes;
  }

  private hold(caller: string, cost: Cost, sign: 1 | -1): void {
    this.count += sign;
    this.large += isLarge(cost) ? sign : 0;
    this.bytes += sign * cost.memory;
    const own = (this.running.get(caller) ?? 0) + sign;
    if (own > 0) this.running.set(caller, own);
    else this.running.delete(caller);
  }
}
