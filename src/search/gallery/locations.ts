/** Where a gallery, its pictures and its model lie, so that they are found again when they moved together. */
import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { stores } from '../store/open-store.js';
import type { FolderReference } from '../store/store.js';

/** The location of a store that the caller opened: only the caller knows where that is. */
export const givenStore = 'store://given';

/**
 * The folder of a store's location: itself, or behind the name of a store as in `memory:DIR`, without the name of a gallery in it;
 * undefined for a store elsewhere, and for one of a plug-in that keeps its galleries in no folders.
 */
export function localFolder(location: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase();
  const store = scheme === undefined ? undefined : stores.withScheme(scheme);
  if (store && !store.holds) return undefined;
  // One letter is a disk.
  return location.replace(/^[a-z][a-z0-9+.-]+:/i, '').replace(/\?gallery=[^?]*$/, '');
}

/** @param from the gallery's folder; stores elsewhere have none, and only the absolute path counts */
export function referenceTo(folder: string, from: string | undefined): FolderReference {
  const absolute = resolve(folder);
  return { relative: from === undefined ? absolute : relative(from, folder).split(sep).join('/') || '.', absolute };
}

/** The first of a reference's two places that exists and, where `holds` is given, has that file in it. */
export function findFolder(reference: FolderReference, from: string | undefined, holds = '.'): string | undefined {
  return placesOf(reference, from).find((place) => existsSync(join(place, holds)));
}

export function placesOf({ relative: path, absolute }: FolderReference, from: string | undefined): string[] {
  return [...new Set([...(from === undefined ? [] : [resolve(from, path)]), absolute])];
}
