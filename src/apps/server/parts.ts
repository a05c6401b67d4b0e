/** What the handlers of all routes share. */
import { LimnError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import type { SearchAnswer, SearchRequest } from '../../search/gallery/search-types.js';
import type { Batcher } from './batcher.js';
import { readBody } from './bodies.js';
import { type Content, readContent } from './content.js';
import type { ServerLimits } from './limits.js';
import { HttpProblem } from './problems.js';
import type { ServedGallery } from './service.js';
import type { ByteBudget, Slots } from './slots.js';
import type { ServerContext } from './state.js';

/** A gallery with the queue in which its searches meet. */
export interface OpenGallery {
  gallery: ServedGallery;
  searches: Batcher<SearchRequest, SearchAnswer>;
}

export class ServerParts {
  constructor(
    readonly galleries: ReadonlyMap<string, OpenGallery>,
    readonly limits: ServerLimits,
    private readonly slots: Slots,
    private readonly budget: ByteBudget,
    readonly fetchPicture: ((url: string, signal: AbortSignal) => Promise<Uint8Array>) | undefined,
  ) {}

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
    const body = await readBody(c.env.incoming, this.limits, this.budget);
    c.var.state.ends.push(body.release);
    return readContent(c.req.header('content-type'), body.bytes, jsonPart, this.limits);
  }

  /**
   * Does the work of a request in one of the places for work. When the request ends before the work does, its place stays taken until
   * the work has ended too: what cannot be stopped must not pile up.
   */
  async work<T>(c: ServerContext, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = c.var.state;
    const leave = await this.slots.enter(signal);
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
