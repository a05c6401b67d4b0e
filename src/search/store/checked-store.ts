/** What every store does around its own work: refuse what cannot be stored or asked for, stop when told to, and know that it was closed. */

import { LimnError, throwIfAborted } from '../../core/errors.js';
import { noteFormerName } from '../../core/former-names.js';
import { checkId, checkItems, checkListQuery, checkVectorQuery } from './check.js';
import { checkFilter } from './filter-check.js';
import type { GalleryStore, VectorQuery } from './store.js';

/** Callers and stores of the release before know `includeVectors` as `withVectors`: a store is given both. */
function withPresentName(query: VectorQuery & { withVectors?: boolean | undefined }): VectorQuery {
  const { includeVectors = query.withVectors } = query;
  if (includeVectors === undefined) return query;
  if (query.includeVectors === undefined) noteFormerName('withVectors', 'includeVectors');
  return { ...query, includeVectors, withVectors: includeVectors } as VectorQuery;
}

/**
 * A store that does these things for one that does none of them, and gets each call only when it is right. Its writes are one after
 * another.
 */
export function checkedStore(store: GalleryStore): GalleryStore {
  const { info } = store;
  let closing: Promise<void> | undefined;
  let writing: Promise<unknown> = Promise.resolve();
  const requireOpen = () => {
    if (closing) throw new LimnError('USAGE', 'The gallery was closed; open it again.');
  };
  const write = <T>(work: () => Promise<T>): Promise<T> => {
    const next = writing.then(work);
    writing = next.catch(() => {});
    return next;
  };
  return {
    info,
    async upsert(items) {
      requireOpen();
      checkItems(items, info.sizes);
      // The caller may change its own while it waits.
      const kept = structuredClone(items);
      if (kept.length > 0) await write(() => store.upsert(kept));
    },
    async delete(ids) {
      requireOpen();
      for (const id of ids) checkId(id);
      return write(() => store.delete([...new Set(ids)]));
    },
    async get(ids) {
      requireOpen();
      return store.get(ids);
    },
    async list(query) {
      requireOpen();
      checkListQuery(query);
      if (query.filter) checkFilter(query.filter);
      return store.list(query);
    },
    async count(filter) {
      requireOpen();
      if (filter) checkFilter(filter);
      return store.count(filter);
    },
    async search(asked) {
      requireOpen();
      const query = withPresentName(asked);
      checkVectorQuery(query, info.sizes);
      if (query.filter) checkFilter(query.filter);
      throwIfAborted(query.signal, 'searching the gallery');
      return store.search(query);
    },
    async vectors(ids) {
      requireOpen();
      return store.vectors(ids);
    },
    async optimise(options = {}) {
      requireOpen();
      throwIfAborted(options.signal, 'optimising the gallery');
      await write(() => store.optimise(options));
    },
    close() {
      closing ??= writing.then(() => store.close());
      return closing;
    },
  };
}
