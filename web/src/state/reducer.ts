/** The state of the page, and how each event changes it. */
import type { Problem } from '../api/problem.js';
import type { Gallery, Hit, Metadata } from '../api/types.js';
import { emptyView, type View } from './address.js';
import type { QueryImage } from './trail.js';

/** A picture of the grid: an item of the gallery, or a hit of a search. */
export interface Entry {
  readonly id: string;
  readonly metadata: Metadata;
  readonly hit?: Hit;
}

/** What the grid shows. */
export interface Results {
  /** Says which query it answers, see `queryKey`; '' before the first. */
  readonly key: string;
  readonly kind: 'items' | 'hits';
  /**
   * `loading`: the first page is on its way, and `entries` are of the query before (or none); `more`: the next page is;
   * `waiting`: another try at `retryAt`; `failed`: see `problem`.
   */
  readonly status: 'loading' | 'ready' | 'more' | 'waiting' | 'failed';
  readonly entries: readonly Entry[];
  /** Of `loading`: that `entries` are the first hits of the query itself, of a part of the gallery. */
  readonly isEarly?: boolean;
  readonly cursor?: string | undefined;
  readonly milliseconds?: number | undefined;
  /** What the server says of the answer. */
  readonly notes?: readonly string[] | undefined;
  readonly problem?: Problem | undefined;
  /** In milliseconds since 1970. */
  readonly retryAt?: number | undefined;
}

export type Dialog =
  | { kind: 'compare'; id: string }
  | { kind: 'key'; refused: boolean }
  | { kind: 'help' }
  /** A picture as large as there is room. */
  | { kind: 'zoom'; image: QueryImage }
  /** Choosing a part of a reference. */
  | { kind: 'crop'; image: QueryImage }
  /** On small screens: what stands beside the grid on large ones. */
  | { kind: 'filters' }
  | { kind: 'factors' };

export interface State {
  /** Undefined while they are loading. */
  readonly galleries: readonly Gallery[] | undefined;
  readonly galleriesProblem: Problem | undefined;
  readonly view: View;
  readonly results: Results;
  readonly dialog: Dialog | undefined;
  /** The factor whose shares are pointed out in the grid. */
  readonly highlight: number | undefined;
  /** Whether each hit shows how its score is made. */
  readonly scores: boolean;
  /** A short word to the user, such as why a picture was not taken. */
  readonly notice: string;
}

export type Action =
  | { type: 'galleries'; galleries: readonly Gallery[] }
  | { type: 'galleries-failed'; problem: Problem }
  | { type: 'galleries-loading' }
  | { type: 'view'; view: View }
  | { type: 'load'; key: string; kind: Results['kind']; keep: boolean }
  | { type: 'load-more'; key: string }
  /** Hits of an answer that is not whole yet. */
  | { type: 'early'; key: string; entries: readonly Entry[]; notes?: readonly string[] | undefined }
  | {
      type: 'page';
      key: string;
      entries: readonly Entry[];
      cursor?: string | undefined;
      milliseconds?: number | undefined;
      notes?: readonly string[] | undefined;
    }
  | { type: 'failed'; key: string; problem: Problem; retryAt?: number | undefined }
  | { type: 'dialog'; dialog: Dialog | undefined }
  | { type: 'scores'; shown: boolean }
  | { type: 'highlight'; factor: number | undefined }
  | { type: 'notice'; notice: string };

export const noResults: Results = { key: '', kind: 'items', status: 'loading', entries: [] };

export const initialState: State = {
  galleries: undefined,
  galleriesProblem: undefined,
  view: emptyView,
  results: noResults,
  dialog: undefined,
  highlight: undefined,
  scores: false,
  notice: '',
};

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'galleries':
      return { ...state, galleries: action.galleries, galleriesProblem: undefined };
    case 'galleries-failed':
      return { ...state, galleriesProblem: action.problem };
    case 'galleries-loading':
      return { ...state, galleriesProblem: undefined };
    case 'view':
      return { ...state, view: action.view };
    case 'dialog':
      return { ...state, dialog: action.dialog };
    case 'highlight':
      return state.highlight === action.factor ? state : { ...state, highlight: action.factor };
    case 'scores':
      return state.scores === action.shown ? state : { ...state, scores: action.shown };
    case 'notice':
      return { ...state, notice: action.notice };
    default:
      return { ...state, results: reduceResults(state.results, action) };
  }
}

type ResultsAction = Extract<Action, { type: 'load' | 'load-more' | 'early' | 'page' | 'failed' }>;

/** Answers to queries that are no longer asked change nothing. */
function reduceResults(results: Results, action: ResultsAction): Results {
  if (action.type === 'load') {
    const entries = action.keep && action.kind === results.kind ? results.entries : [];
    return { key: action.key, kind: action.kind, status: 'loading', entries };
  }
  if (action.key !== results.key) return results;
  switch (action.type) {
    case 'load-more':
      return { ...results, status: 'more', problem: undefined, retryAt: undefined };
    case 'early':
      return results.status === 'loading' ? { ...results, entries: action.entries, notes: action.notes, isEarly: true } : results;
    case 'page': {
      const before = results.status === 'more' ? results.entries : [];
      const known = new Set(before.map(({ id }) => id));
      return {
        ...results,
        status: 'ready',
        isEarly: false,
        entries: [...before, ...action.entries.filter(({ id }) => !known.has(id))],
        cursor: action.cursor,
        milliseconds: results.status === 'more' ? results.milliseconds : action.milliseconds,
        notes: results.status === 'more' ? results.notes : action.notes,
        problem: undefined,
        retryAt: undefined,
      };
    }
    case 'failed': {
      const { problem, retryAt } = action;
      // A first page that failed leaves nothing to show; a further one leaves those before it.
      const entries = results.status === 'more' || results.cursor !== undefined ? results.entries : [];
      return { ...results, entries, status: retryAt === undefined ? 'failed' : 'waiting', problem, retryAt };
    }
  }
}
