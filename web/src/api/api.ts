/** Calls the HTTP API: one of the two backends that the page has. */
import type { Loading } from './loading.js';
import { ApiError, problemFrom } from './problem.js';
import type {
  CaptionAnswer,
  CaptionRequest,
  Choice,
  CountAnswer,
  ExplainRequest,
  Explanation,
  Gallery,
  Item,
  ItemList,
  SearchAnswer,
  SearchRequest,
  Suggestions,
  SuggestRequest,
} from './types.js';

/** Pictures of this device by the names that a request's `upload` has. */
export type Files = ReadonlyMap<string, Blob>;

export interface ApiOptions {
  /** Where `v1/` is, with a slash at the end. */
  base: string;
  /** The key to send, asked anew for each request. */
  key: () => string | undefined;
}

/** What the page asks: of a server, or of an export that this browser searches itself, which it loads first. */
export type Backend = Pick<Api, keyof Api> & { readonly loading?: Loading };

export class Api {
  constructor(private readonly options: ApiOptions) {}

  async galleries(signal?: AbortSignal): Promise<Gallery[]> {
    return (await this.json<{ galleries: Gallery[] }>('galleries', withSignal(signal))).galleries;
  }

  items(gallery: string, query: { cursor?: string; limit: number; filter?: string }, signal?: AbortSignal): Promise<ItemList> {
    const search = new URLSearchParams({ limit: String(query.limit) });
    if (query.cursor) search.set('cursor', query.cursor);
    if (query.filter) search.set('filter', query.filter);
    return this.json(`galleries/${encodeURIComponent(gallery)}/items?${search}`, withSignal(signal));
  }

  item(gallery: string, id: string, signal?: AbortSignal): Promise<Item> {
    return this.json(itemPath(gallery, id), withSignal(signal));
  }

  /** @param _onEarly told hits of an answer that is not whole yet, which a server never gives */
  search(
    request: SearchRequest,
    files: Files,
    signal?: AbortSignal,
    _onEarly?: (answer: SearchAnswer) => void,
  ): Promise<SearchAnswer> {
    return this.post('search', request, files, signal);
  }

  explain(request: ExplainRequest, files: Files, signal?: AbortSignal): Promise<Explanation> {
    return this.post('explain', request, files, signal);
  }

  caption(request: CaptionRequest, files: Files, signal?: AbortSignal): Promise<CaptionAnswer> {
    return this.post('caption', request, files, signal);
  }

  async count(gallery: string, filter: string, signal?: AbortSignal): Promise<number> {
    const query = filter ? `?${new URLSearchParams({ filter })}` : '';
    return (await this.json<CountAnswer>(`galleries/${encodeURIComponent(gallery)}/count${query}`, withSignal(signal))).count;
  }

  suggest(request: SuggestRequest, signal?: AbortSignal): Promise<Suggestions> {
    return this.post('suggest', request, new Map(), signal);
  }

  /** Tells which result was chosen, to a server that keeps that. It outlives the page. */
  async choose(gallery: string, choice: Choice): Promise<void> {
    await this.json(`galleries/${encodeURIComponent(gallery)}/choices`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(choice),
      keepalive: true,
    });
  }

  /** The address of an item's picture. Where a key is needed, {@link picture} fetches it. */
  imageAddress(gallery: string, id: string, size: 'thumbnail' | 'full'): string {
    return `${this.options.base}v1/${itemPath(gallery, id)}/picture?size=${size}`;
  }

  get hasKey(): boolean {
    return this.options.key() !== undefined;
  }

  async image(address: string, signal?: AbortSignal): Promise<Blob> {
    return (await this.fetch(address, withSignal(signal))).blob();
  }

  private post<T>(route: string, request: unknown, files: Files, signal?: AbortSignal): Promise<T> {
    const json = JSON.stringify(request);
    if (files.size === 0) {
      return this.json(route, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: json,
        ...withSignal(signal),
      });
    }
    const body = new FormData();
    body.set('request', json);
    for (const [name, file] of files) body.set(name, file, `${name}.jpg`);
    return this.json(route, { method: 'POST', body, ...withSignal(signal) });
  }

  private async json<T>(route: string, init: RequestInit): Promise<T> {
    const response = await this.fetch(`${this.options.base}v1/${route}`, init);
    return (await response.json()) as T;
  }

  private async fetch(address: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const key = this.options.key();
    if (key) headers.set('authorization', `Bearer ${key}`);
    const response = await fetch(address, { ...init, headers }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error;
      throw new ApiError({
        status: 0,
        code: 'OFFLINE',
        message: 'The server cannot be reached. Is it running, and are you online?',
      });
    });
    if (!response.ok) throw new ApiError(await problemFrom(response));
    return response;
  }
}

/** Ids may hold slashes, which are data here and not steps of a path. */
const itemPath = (gallery: string, id: string) => `galleries/${encodeURIComponent(gallery)}/items/${encodeURIComponent(id)}`;

const withSignal = (signal: AbortSignal | undefined): RequestInit => (signal ? { signal } : {});
