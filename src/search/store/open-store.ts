/** Finds the store that a location names. */
import { LimnError } from '../../core/errors.js';
import { type StoreDefinition, StoreRegistry, usableStore } from './define-store.js';
import type { LanceOptions } from './lancedb/options.js';
import type { ScanOptions } from './memory/scan-threads.js';
import type { PgOptions } from './pgvector/options.js';
import { folderOf, lancedb, memory, pgvector } from './shipped-stores.js';
import type { GalleryInfo, GalleryStore } from './store.js';

/** Options of all stores that limn ships; each takes those that it knows. */
export interface OpenStoreOptions extends ScanOptions, LanceOptions, PgOptions {}

/** Options of {@link createStore}. */
export interface CreateStoreOptions extends OpenStoreOptions {
  /** Put the new gallery in the place of one that is there. @default false */
  replace?: boolean | undefined;
}

/** The known stores; see {@link defineStore}. */
export const stores = new StoreRegistry('store', [memory, lancedb, pgvector]);

/**
 * Opens a gallery.
 *
 * @param location `memory:DIR`, `lancedb:DIR`, or a folder with a gallery of either kind; `s3://`, `gs://`, `az://` or `db://` for LanceDB
 * on object storage or as a service; `postgres://...?gallery=NAME`; or what the store of a plug-in takes
 * @throws LimnError GALLERY where there is none, STORE where its server or disk fails or a package is not installed, USAGE for a scheme
 * that there is not
 */
export async function openStore(location: string, options: OpenStoreOptions = {}): Promise<GalleryStore> {
  const store = (await storeAt(location)) ?? memory;
  return usableStore(await store.open(location, { ...options }), `The store "${store.id}"`);
}

/**
 * Makes an empty gallery. For a bare folder that holds none yet, it is one of LanceDB where that is installed, else one in memory.
 *
 * @throws LimnError GALLERY where there is one already, STORE where its server or disk fails or a package is not installed, USAGE for a
 * scheme that there is not
 */
export async function createStore(location: string, info: GalleryInfo, options: CreateStoreOptions = {}): Promise<GalleryStore> {
  const store = (await storeAt(location)) ?? ((await hasLance()) ? lancedb : memory);
  if (/^(memory|lancedb):/.test(location)) {
    const there = await storeAt(folderOf(location));
    if (there && there !== store) {
      const message = `There is a gallery of another kind (${there.id}) in ${folderOf(location)} already; choose another folder.`;
      throw new LimnError('GALLERY', message, { details: { location, kind: there.id } });
    }
  }
  return usableStore(await store.create(location, info, { ...options }), `The store "${store.id}"`);
}

/** The store that a location names, or whose gallery is in the folder; undefined for a folder without a gallery. @throws LimnError USAGE */
export async function storeAt(location: string): Promise<StoreDefinition | undefined> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase();
  const named = scheme === undefined ? undefined : stores.withScheme(scheme);
  if (named) return named;
  if (location.includes('://') && scheme) {
    const known = ['DIR', ...stores.all.map(({ locations }) => locations)].join(', ');
    throw new LimnError('USAGE', `There is no store for ${scheme}://; galleries are in ${known}.`);
  }
  for (const store of stores.all) if (await store.holds?.(location)) return store;
  return undefined;
}

/** The id of the store that {@link storeAt} finds. */
export async function kindOf(location: string): Promise<string | undefined> {
  return (await storeAt(location))?.id;
}

async function hasLance(): Promise<boolean> {
  const { importLance } = await import('./lancedb/peer.js');
  return importLance().then(
    () => true,
    () => false,
  );
}
