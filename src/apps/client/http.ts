/** Requests with a key, errors as {@link LimnClientError}, and second tries. */
import type { Problem } from '../server/contract.js';
import { LimnClientError } from './errors.js';

/** Options of `new LimnClient(...)`. */
export interface ClientOptions {
  /** Of the server, e.g. "http://127.0.0.1:7788". In a browser "/" is the server of the page. */
  url: string;
  /** An API key. @default none is sent */
  key?: string | undefined;
  /** How often a request is sent again after 429 or 503. All requests of this API may be sent twice. @default 2 */
  retries?: number | undefined;
  /** The longest time to wait before a request is sent again, in milliseconds; a server that wants more gets no second try. @default 10,000 */
  longestWait?: number | undefined;
  /** What sends requests. @default the global fetch */
  fetch?: typeof globalThis.fetch | undefined;
}

/** Options of every call of the client. */
export interface CallOptions {
  /** Stops the request when it fires; the call then rejects with the reason of the signal. */
  signal?: AbortSignal | undefined;
  /** How often this request is sent again. @default as the client does */
  retries?: number | undefined;
  /** x-request-id: up to 64 letters, digits, ".", "_" and "-". @default the server makes one */
  requestId?: string | undefined;
}

export class Http {
  private readonly base: string;

  constructor(private readonly options: ClientOptions) {
    let end = options.url.length;
    while (options.url[end - 1] === '/') end--;
    this.base = options.url.slice(0, end);
  }

  url(path: string): string {
    return `${this.base}${path}`;
  }

  async json<T>(method: string, path: string, options?: CallOptions, body?: string | FormData): Promise<T> {
    const response = await this.send(method, path, options, body);
    return (await response.json()) as T;
  }

  /** @returns an answer of 2xx @throws LimnClientError for every other; the error of fetch where there is none */
  async send(method: string, path: string, options: CallOptions = {}, body?: string | FormData): Promise<Response> {
    const { key, longestWait = 10_000, fetch = globalThis.fetch } = this.options;
    const retries = options.retries ?? this.options.retries ?? 2;
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
      ...(options.requestId === undefined ? {} : { 'x-request-id': options.requestId }),
    };
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(options.signal ? { signal: options.signal } : {}),
    };
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(this.url(path), init);
      if (response.ok) return response;
      const wait = waitOf(response, attempt);
      const again = (response.status === 429 || response.status === 503) && attempt < retries && wait <= longestWait;
      if (!again) throw await errorOf(response);
      await response.body?.cancel();
      await sleep(wait, options.signal);
    }
  }
}

/** What the server asks for, or longer and longer, in milliseconds; never quite the same, so that callers do not come back together. */
function waitOf(response: Response, attempt: number): number {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return (Number.isFinite(seconds) ? seconds * 1000 : 250 * 2 ** attempt) + Math.random() * 100;
}

async function errorOf(response: Response): Promise<LimnClientError> {
  const body = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  const { code = 'UNKNOWN', message = `The server answers with status ${response.status}.`, request = '' } = body?.error ?? {};
  return new LimnClientError(response.status, code, message, request || (response.headers.get('x-request-id') ?? ''));
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
