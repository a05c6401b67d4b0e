/** Finds the store that a location names. */
import { readdir } from 'node:fs/promises';
import { LimnError, messageOf } from '../../core/errors.js';
import type { LanceOptions } from './lancedb/lancedb-store.js';
import { hasManifest } from './memory/manifest.js';
import { MemoryStore } from './memory/memory-store.js';
import type { ScanOptions } from './memory/scan-threads.js';
import type { PgOptions } from './pgvector/pgvector-store.js';
import type { GalleryInfo, GalleryStore } from './store.js';

/** Options of all stores; each takes those that it knows. */
export interface OpenStoreOptions extends ScanOptions, LanceOptions, PgOptions {}

export interface CreateStoreOptions extends OpenStoreOptions {
  /** Put the new gallery in the place of one that is there. @default false */
  replace?: boolean | undefined;
}

export type StoreKind = 'memory' | 'lancedb' | 'pgvector';

/**
 * Opens a gallery.
 *
 * @param location `memory:DIR`, `lancedb:DIR`, or a folder with a gallery of either kind; `s3://`, `gs://`, `az://` or `db://` for LanceDB
 * on object storage or as a service; `postgres://...?gallery=NAME`
 * @throws LimnError GALLERY where there is none, STORE where its server or disk fails or a package is not installed, USAGE for a scheme
 * that there is not
 */
export async function openStore(location: string, options: OpenStoreOptions = {}): Promise<GalleryStore> {
  switch ((await kindOf(location)) ?? 'memory') {
    case 'memory':
      return MemoryStore.open(folderOf(location), options);
    case 'lancedb':
      return (await import('./lancedb/lancedb-store.js')).LanceStore.open(location, options);
    case 'pgvector':
      return (await import('./pgvector/pgvector-store.js')).PgStore.open(location, options);
  }
}

/**
 * Makes an empty gallery. For a bare folder that holds none yet, it is one of LanceDB where that is installed, else one in memory.
 *
 * @throws LimnError GALLERY where there is one already, STORE where its server or disk fails or a package is not installed, USAGE for a
 * scheme that there is not
 */
export async function createStore(location: string, info: GalleryInfo, options: CreateStoreOptions = {}): Promise<GalleryStore> {
  const kind = (await kindOf(location)) ?? ((await hasLance()) ? 'lancedb' : 'memory');
  if (/^(memory|lancedb):/.test(location)) {
    const there = await kindOf(folderOf(location));
    if (there && there !== kind) {
      const message = `There is a gallery of another kind (${there}) in ${folderOf(location)} already; choose another folder.`;
      throw new LimnError('GALLERY', message, { details: { location, kind: there } });
    }
  }
  switch (kind) {
    case 'memory':
      return MemoryStore.create(folderOf(location), info, options);
    case 'lancedb':
      return (await import('./lancedb/lancedb-store.js')).LanceStore.create(location, info, options);
    case 'pgvector':
      return (await import('./pgvector/pgvector-store.js')).PgStore.create(location, info, options);
  }
}

/** The kind that a location names, or that is in the folder; undefined for a folder without a gallery. @throws LimnError USAGE */
export async function kindOf(location: string): Promise<StoreKind | undefined> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === 'memory') return 'memory';
  if (scheme === 'postgres' || scheme === 'postgresql') return 'pgvector';
  if (scheme && ['lancedb', 's3', 'gs', 'az', 'db'].includes(scheme)) return 'lancedb';
  if (scheme && location.includes('://')) {
    const known = 'memory:DIR, lancedb:DIR, DIR, s3://, gs://, az://, db:// and postgres://';
    throw new LimnError('USAGE', `There is no store for ${scheme}://; galleries are in ${known}.`);
  }
  if (hasManifest(location)) return 'memory';
  const names = await readdir(location).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new LimnError('GALLERY', `Cannot look for a gallery in ${location}: ${messageOf(error)}.`, { cause: error });
  });
  return names.some((name) => name.endsWith('.lance')) ? 'lancedb' : undefined;
}

function folderOf(location: string): string {
  return location.replace(/^(memory|lancedb):/, '').replace(/\?gallery=[^?]*$/, '');
}

async function hasLance(): Promise<boolean> {
  const { importLance } = await import('./lancedb/peer.js');
  return importLance().then(
    () => true,
    () => false,
  );
}
