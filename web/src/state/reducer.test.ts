import { describe, expect, it } from 'vitest';
import { type Action, type Entry, initialState, reduce, type State } from './reducer.js';
import { setWeight, weightsFor } from './weights.js';

const entries = (...ids: string[]): Entry[] => ids.map((id) => ({ id, metadata: {} }));
const reduced = (...actions: Action[]): State => actions.reduce(reduce, initialState);
const problem = { status: 500, code: 'INTERNAL', message: 'It broke.' };
const load: Action = { type: 'load', key: 'q', kind: 'hits', keep: false };
const page: Action = { type: 'page', key: 'q', entries: entries('a', 'b'), cursor: 'c', milliseconds: 3, notes: ['so'] };
const ids = ({ results }: State) => results.entries.map(({ id }) => id);

describe('the results', () => {
  it('are of the newest query only', () => {
    expect(ids(reduced(load, { ...page, key: 'older' }))).toEqual([]);
    expect(reduced(load, { type: 'failed', key: 'older', problem }).results.status).toBe('loading');
    expect(ids(reduced(load, page))).toEqual(['a', 'b']);
  });

  it('grow by pages, without a picture twice', () => {
    const state = reduced(
      load,
      page,
      { type: 'load-more', key: 'q' },
      { ...page, entries: entries('b', 'c'), cursor: undefined, notes: [] },
    );
    expect(ids(state)).toEqual(['a', 'b', 'c']);
    expect(state.results).toMatchObject({ status: 'ready', cursor: undefined, milliseconds: 3, notes: ['so'] });
  });

  it('stay in sight while the same turn is asked with other weights, and go for another turn', () => {
    expect(ids(reduced(load, page, { ...load, key: 'r', keep: true }))).toEqual(['a', 'b']);
    expect(ids(reduced(load, page, { ...load, key: 'r', keep: false }))).toEqual([]);
    expect(ids(reduced(load, page, { ...load, key: 'r', kind: 'items', keep: true }))).toEqual([]);
    expect(ids(reduced(load, page, { ...load, key: 'r', keep: true }, { ...page, key: 'r', entries: entries('z') }))).toEqual([
      'z',
    ]);
  });

  it('show first hits of a part of the gallery until the whole answer is here, and not afterwards', () => {
    const early: Action = { type: 'early', key: 'q', entries: entries('b'), notes: ['of a part'] };
    const waiting = reduced(load, early);
    expect(ids(waiting)).toEqual(['b']);
    expect(waiting.results).toMatchObject({ status: 'loading', isEarly: true, notes: ['of a part'] });
    expect(ids(reduced(load, { ...early, key: 'older' }))).toEqual([]);
    const whole = reduced(load, early, page, early);
    expect(ids(whole)).toEqual(['a', 'b']);
    expect(whole.results).toMatchObject({ status: 'ready', isEarly: false, notes: ['so'] });
    expect(ids(reduced(load, early, { type: 'failed', key: 'q', problem }))).toEqual([]);
  });

  it('keep the pages before one that failed', () => {
    const further = reduced(load, page, { type: 'load-more', key: 'q' }, { type: 'failed', key: 'q', problem, retryAt: 5 });
    expect(ids(further)).toEqual(['a', 'b']);
    expect(further.results).toMatchObject({ status: 'waiting', retryAt: 5, problem });
    const first = reduced(load, page, { ...load, key: 'r', keep: true }, { type: 'failed', key: 'r', problem });
    expect(ids(first)).toEqual([]);
    expect(first.results.status).toBe('failed');
  });
});

describe('weights', () => {
  it('are left out while all are 1, and divided by the number of factors else', () => {
    expect(weightsFor([], 4)).toBeUndefined();
    const moved = setWeight([], 4, 2, 3);
    expect(moved).toEqual([1, 1, 3, 1]);
    expect(weightsFor(moved, 4)).toEqual([0.25, 0.25, 0.75, 0.25]);
    expect(setWeight(moved, 4, 2, 1)).toEqual([]);
    expect(weightsFor([0], 0)).toBeUndefined();
  });
});
