/**
 * Which uploaded files may be without an item: those that a call was about to write, or whose items it was about to replace or delete. A marker
 * in the images folder says so before the call begins, and goes when the store has acknowledged it; what a killed process has marked, the next
 * process that writes to the same gallery looks at. Several galleries may share the folder: each looks at its own markers.
 */
import { randomBytes } from 'node:crypto';
import { readdir, realpath, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { readSealedJson, sealed } from '../../core/checksum.js';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { sweepTemporary } from '../../core/leftovers.js';
import { isRunning } from '../../core/lock.js';
import type { GalleryStore } from '../store/store.js';
import { shownLocation } from './find-model.js';
import { uploadsFolder } from './ingest/image-list.js';
import { localFolder } from './locations.js';
import { removeUploads } from './uploads.js';

/** A file, and the item that has it, or is to have it. */
export interface UploadOf {
  id: string;
  location: string;
}

const markerSchema = z.strictObject({
  format: z.literal('limn-upload-1'),
  pid: z.int().positive(),
  host: z.string(),
  /** SHA-256 of the gallery's location. */
  gallery: z.string(),
  uploads: z.array(z.strictObject({ id: z.string(), location: z.string() })),
});

const pendingFolder = (images: string) => join(images, uploadsFolder, 'pending');
/** Markers of calls of this process that have not ended. */
const underWay = new Set<string>();

/** Marks files before they are written, or before their items go. @returns what ends the call. @throws LimnError IO */
export async function markUploads(
  { images, gallery }: { images: string; gallery: string },
  uploads: readonly UploadOf[],
): Promise<{ settle(): Promise<void>; leave(): void }> {
  const path = join(await realpath(images), uploadsFolder, 'pending', `${randomBytes(12).toString('hex')}.json`);
  underWay.add(path);
  const marker = { format: 'limn-upload-1', pid: process.pid, host: hostname(), gallery: await keyOf(gallery), uploads };
  const leave = () => void underWay.delete(path);
  try {
    await writeFileAtomic(path, `${JSON.stringify(sealed(marker))}\n`);
  } catch (error) {
    leave();
    throw error;
  }
  return {
    /** Nothing is without an item, or its file is gone. */
    settle: async () => {
      await rm(path, { force: true }).catch(() => {});
      leave();
    },
    /** It is not known what the store has written: a later call looks. */
    leave,
  };
}

/**
 * Removes the files of a gallery that ended processes have marked and that no item has. For a process that may write to the gallery and knows what
 * others have written.
 *
 * @returns how many files there were
 */
export async function sweepUploads(images: string, gallery: string, store: GalleryStore): Promise<number> {
  const folder = pendingFolder(await realpath(images).catch(() => images));
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const own = names.length > 0 ? await keyOf(gallery) : '';
  let swept = 0;
  for (const name of names) {
    const path = join(folder, name);
    // A marker that cannot be read is nobody's; it and its files stay.
    const marker = markerSchema.safeParse(await readSealedJson(path, 'a marker of uploads').catch(() => undefined)).data;
    if (!marker || marker.gallery !== own || marker.host !== hostname()) continue;
    if (marker.pid === process.pid ? underWay.has(path) : isRunning(marker.pid)) continue;
    const items = await store.get(marker.uploads.map(({ id }) => id));
    const without = marker.uploads.filter(({ location }, i) => items[i]?.location !== location);
    for (const { location } of without) {
      const file = join(images, location);
      const beside = (await readdir(dirname(file)).catch(() => [])).filter((one) => one.startsWith(basename(file)));
      if (beside.length > 0) swept++;
      await sweepTemporary(dirname(file));
    }
    await removeUploads(
      images,
      without.map(({ location }) => location),
    );
    await rm(path, { force: true });
  }
  await sweepTemporary(folder);
  return swept;
}

/** What a person should know of files that were swept; undefined for none. */
export function sweptNote(count: number): string | undefined {
  if (count === 0) return undefined;
  const what = count === 1 ? '1 uploaded file without an item was' : `${count} uploaded files without items were`;
  return `${what} removed: a process was killed while it added or removed images.`;
}

/** A gallery's name in markers: the same however its location is written, and without passwords. */
async function keyOf(location: string): Promise<string> {
  const folder = localFolder(location);
  if (folder === undefined) return sha256(shownLocation(location));
  const path = resolve(folder);
  return sha256(`${await realpath(path).catch(() => path)}${/\?gallery=[^?]*$/.exec(location)?.[0] ?? ''}`);
}
