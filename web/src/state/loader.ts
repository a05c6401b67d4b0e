/** Loads what a view asks for into the state: first pages, further pages, and again after a wait. */
import type { Backend, Files } from '../api/api.js';
import { ApiError, isTransient, problemOf } from '../api/problem.js';
import type { Gallery, SearchAnswer } from '../api/types.js';
import type { View } from './address.js';
import { pageSize, queryKey, searchOf, uploadsIn } from './query.js';
import type { Action, Entry, State } from './reducer.js';
import { currentSettings, currentTurn } from './trail.js';
import type { Uploads } from './uploads.js';

export interface LoaderParts {
  api: Backend;
  uploads: Uploads;
  state: () => State;
  dispatch: (action: Action) => void;
  /** The server wants a key, or refused the one it got. */
  onUnauthorized: () => void;
}

interface Page {
  entries: Entry[];
  cursor?: string | undefined;
  milliseconds?: number | undefined;
  notes?: readonly string[] | undefined;
}

/** How long to wait where the server does not say, in milliseconds. */
const defaultWait = 3000;

function pageOf({ hits, cursor, milliseconds, notes }: SearchAnswer): Page {
  return { entries: hits.map((hit) => ({ id: hit.id, metadata: hit.metadata, hit })), cursor, milliseconds, notes };
}

export class Loader {
  private abort = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private turn: unknown;

  constructor(private readonly parts: LoaderParts) {}

  /** Asks what the view asks, unless it is asked or answered already. */
  load(gallery: Gallery, force = false): void {
    const { state, dispatch } = this.parts;
    const { view, results } = state();
    const key = queryKey(view, gallery);
    if (key === results.key && !force) return;
    // New weights or filters of the same turn: its pictures stay until the new ones are here.
    const turn = JSON.stringify([gallery.name, currentTurn(view.trail)?.references, currentTurn(view.trail)?.phrases]);
    const kind = searchOf(view, gallery) ? 'hits' : 'items';
    dispatch({ type: 'load', key, kind, keep: turn === this.turn });
    this.turn = turn;
    this.run(key, view, gallery, undefined);
  }

  loadMore(gallery: Gallery): void {
    const { state, dispatch } = this.parts;
    const { view, results } = state();
    if (results.cursor === undefined || results.status === 'loading' || results.status === 'more') return;
    dispatch({ type: 'load-more', key: results.key });
    this.run(results.key, view, gallery, results.cursor);
  }

  /** Tries again at once what failed or waits. */
  retry(gallery: Gallery): void {
    if (this.parts.state().results.cursor === undefined) this.load(gallery, true);
    else this.loadMore(gallery);
  }

  /** The files of uploads. @throws ApiError for one that is gone */
  files(names: readonly string[]): Files {
    return new Map(
      names.map((name) => {
        const blob = this.parts.uploads.get(name);
        if (blob) return [name, blob] as const;
        const message = 'This search began with a picture from a device. Links cannot carry pictures: add it again to go on.';
        throw new ApiError({ status: 0, code: 'UPLOAD_GONE', message });
      }),
    );
  }

  private run(key: string, view: View, gallery: Gallery, cursor: string | undefined): void {
    const { dispatch, onUnauthorized } = this.parts;
    this.abort.abort();
    clearTimeout(this.timer);
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.page(key, view, gallery, cursor, signal).then(
      (page) => {
        if (!signal.aborted) dispatch({ type: 'page', key, ...page });
      },
      (error: unknown) => {
        if (signal.aborted) return;
        const problem = problemOf(error);
        const wait = isTransient(problem) ? (problem.retryAfter ?? defaultWait) : undefined;
        dispatch({ type: 'failed', key, problem, retryAt: wait === undefined ? undefined : Date.now() + wait });
        if (wait !== undefined) this.timer = setTimeout(() => this.retry(gallery), wait);
        if (problem.status === 401) onUnauthorized();
      },
    );
  }

  private async page(key: string, view: View, gallery: Gallery, cursor: string | undefined, signal: AbortSignal): Promise<Page> {
    const { api, dispatch } = this.parts;
    const search = searchOf(view, gallery);
    const at = cursor === undefined ? {} : { cursor };
    if (!search) {
      const filter = currentSettings(view.trail).filter.trim();
      const list = await api.items(gallery.name, { limit: pageSize * 2, ...at, ...(filter ? { filter } : {}) }, signal);
      const entries = list.items.map(({ id, metadata }) => ({ id, metadata }));
      return { entries, cursor: list.cursor, notes: list.notes };
    }
    const files = this.files(uploadsIn(search.references, search.negatives));
    const onEarly = (early: SearchAnswer) => signal.aborted || dispatch({ type: 'early', key, ...pageOf(early) });
    // A further page is one of the whole answer.
    const whole = api.search({ ...search, ...at }, files, signal, cursor === undefined ? onEarly : undefined);
    return pageOf(await whole);
  }
}
