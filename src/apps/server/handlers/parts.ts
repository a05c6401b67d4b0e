/** What the handlers of all routes share. */
import { LimnError } from '../../../core/errors.js';
import { suggestion } from '../../../core/suggest.js';
import type { SearchAnswer, SearchRequest } from '../../../search/gallery/search-types.js';
import type { Batcher } from '../galleries/batcher.js';
import type { ServedGallery } from '../galleries/service.js';
import type { ServerLimits } from '../guard/limits.js';
import { ByteBudget, Slots } from '../guard/slots.js';
import { readBody } from '../request/bodies.js';
import { BodyTurns } from '../request/body-turns.js';
import { type Content, readContent } from '../request/content.js';
import { DecodeTurns } from '../request/decode-turns.js';
import { RequestImages } from '../request/request-images.js';
import type { ServerContext } from '../state.js';
import { HttpProblem } from './problems.js';

/** A gallery with the queue in which its searches meet. */
export interface OpenGallery {
  gallery: ServedGallery;
  searches: Batcher<SearchRequest, SearchAnswer>;
}

export class ServerParts {
  /** Places for requests whose pictures are read and decoded, beside those for work, so that none of these wait for large pictures. */
  private readonly reading: Slots;
  private readonly working: Slots;
  private readonly budget: ByteBudget;
  private readonly bodies = new BodyTurns();
  private readonly turns: DecodeTurns;

  constructor(
    readonly galleries: ReadonlyMap<string, OpenGallery>,
    readonly limits: ServerLimits,
    /** Takes from what a caller's rate allows. @throws HttpProblem 429 */
    private readonly charge: (caller: string, cost: number) => void,
    readonly fetchImage: ((url: string, signal: AbortSignal) => Promise<Uint8Array>) | undefined,
  ) {
    const { concurrency, waiting, share, bufferedBytes, bodyBytes, decodes, callerDecodes, decodeBytes } = limits;
    this.reading = new Slots(concurrency, waiting, share);
    this.working = new Slots(concurrency, waiting, share);
    this.budget = new ByteBudget(bufferedBytes, share, bodyBytes);
    this.turns = new DecodeTurns({ concurrency: decodes, perCaller: callerDecodes, bytes: decodeBytes });
  }

  /** @throws HttpProblem 404 */
  open(name: string): OpenGallery {
    const found = this.galleries.get(name);
    if (found) return found;
    throw new HttpProblem(
      404,
      'NOT_FOUND',
      `There is no gallery ${JSON.stringify(name)}. ${suggestion(name, [...this.galleries.keys()])}`,
    );
  }

  /** The body of a request, taken apart. @param jsonPart the name of the part with the JSON */
  async content(c: ServerContext, jsonPart: string): Promise<Content> {
    const body = await readBody(c.env.incoming, this.limits, {
      budget: this.budget,
      turns: this.bodies,
      caller: c.var.state.caller,
    });
    c.var.state.ends.push(body.release);
    return readContent(c.req.header('content-type'), body.bytes, jsonPart, this.limits);
  }

  /** The pictures of a request, as they are counted and decoded. @param free they cost nothing at the rate */
  images(c: ServerContext, { free = false } = {}): RequestImages {
    const { caller, signal } = c.var.state;
    const { limits, turns } = this;
    return new RequestImages({
      limits,
      turns,
      caller,
      signal,
      charge: (cost) => (free ? undefined : this.charge(caller, cost)),
    });
  }

  /** Charges an answer's memory until it has been sent. @throws HttpProblem 503 where there is no room */
  holdAnswer(c: ServerContext, bytes: number): void {
    const release = this.budget.reserve(bytes, c.var.state.caller);
    const { outgoing } = c.env;
    if (outgoing.closed) release();
    else outgoing.once('close', release);
  }

  /** Reads and decodes what a request needs, in one of the places for that. */
  read<T>(c: ServerContext, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.inPlace(this.reading, c, run);
  }

  /**
   * Does the work of a request in one of the places for work. When the request ends before the work does, its place stays taken until
   * the work has ended too: what cannot be stopped must not pile up.
   */
  work<T>(c: ServerContext, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.inPlace(this.working, c, run);
  }

  private async inPlace<T>(places: Slots, c: ServerContext, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, caller } = c.var.state;
    const leave = await places.enter(signal, caller);
    const running = run(signal);
    running.then(leave, leave);
    return unlessAborted(running, signal);
  }
}

/** The promise's outcome, or the signal's reason when that fires first. */
async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([running, aborted]);
  } catch (error) {
    // Work that was stopped by the signal says so in its own words; the reason says why.
    if (signal.aborted && LimnError.isInstance(error) && error.code === 'INTERRUPTED') throw signal.reason;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
