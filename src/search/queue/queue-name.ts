/** The name of a gallery's queue: galleries that share a Redis must not mix, and producers and workers must find each other. */
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';
import { withoutTrailing } from '../../core/text.js';
import { localFolder } from '../gallery/locations.js';

/**
 * @param given the name that the user chose, where machines have different locations for one gallery
 * @throws LimnError USAGE for a name with other signs than letters, digits, "_" and "-"
 */
export async function queueName(location: string, given?: string): Promise<string> {
  if (given === undefined) return `gallery-${sha256(await galleryKey(location)).slice(0, 16)}`;
  if (/^[A-Za-z0-9_-]{1,64}$/.test(given)) return given;
  throw new LimnError('USAGE', `"${given}" is not a valid queue name; use letters, digits, "-" and "_", at most 64.`);
}

/** A gallery's location, the same however it is written, and without user names and passwords. */
async function galleryKey(location: string): Promise<string> {
  const name = galleryNamed(location) ?? 'gallery';
  const folder = localFolder(location);
  if (folder !== undefined) {
    const path = resolve(folder);
    return `${await realpath(path).catch(() => path)}?${name}`;
  }
  const url = new URL(location);
  const host = url.host.toLowerCase().replace(/:5432$/, '');
  return `${url.protocol.replace('postgresql', 'postgres')}//${host}${withoutTrailing(url.pathname, '/')}?${name}`;
}

/** The last `gallery=` behind the question mark. */
function galleryNamed(location: string): string | undefined {
  const parts = location.split(/[?&]/).slice(1);
  return parts.findLast((part) => part.startsWith('gallery='))?.slice('gallery='.length);
}
