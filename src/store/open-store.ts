/** Finds the store that a location names. */
import { hasManifest } from './memory/manifest.js';
import { MemoryStore } from './memory/memory-store.js';
import type { GalleryInfo, GalleryStore } from './store.js';

export interface OpenStoreOptions {
  /** Threads of an exact search in memory. @default one a core, at most 8 */
  threads?: number | undefined;
}

export interface CreateStoreOptions extends OpenStoreOptions {
  /** Put the new gallery in the place of one that is there. @default false */
  replace?: boolean | undefined;
}

/**
 * Opens a gallery: `memory:DIR`, or a folder that holds one.
 *
 * @throws LimnError GALLERY where there is none, STORE where its server or disk fails
 */
export async function openStore(location: string, options: OpenStoreOptions = {}): Promise<GalleryStore> {
  return MemoryStore.open(folderOf(location), options);
}

/**
 * Makes an empty gallery.
 *
 * @throws LimnError GALLERY where there is one already, STORE where its server or disk fails
 */
export async function createStore(location: string, info: GalleryInfo, options: CreateStoreOptions = {}): Promise<GalleryStore> {
  return MemoryStore.create(folderOf(location), info, options);
}

function folderOf(location: string): string {
  return location.startsWith('memory:') ? location.slice('memory:'.length) : location;
}

/** Whether there is a gallery. */
export async function hasStore(location: string): Promise<boolean> {
  return hasManifest(folderOf(location));
}
