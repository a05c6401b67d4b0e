/**
 * Pictures that were added one by one: their files go into a hidden folder of the images folder, under names that are made of the hash
 * of the id, so that no id can name a place, and a random number, so that no two calls write or remove the same file.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/files.js';
import { damagedImage, openImage } from '../../models/encoders/image/image.js';
import { uploadsFolder } from './ingest/image-list.js';

/**
 * Where a picture's file will be: always another place, so that one that is being replaced, here or by another server, can be read until
 * it is.
 *
 * @throws LimnError IMAGE for bytes that are no picture
 */
export async function placeUpload(id: string, bytes: Uint8Array): Promise<string> {
  const label = `The picture ${JSON.stringify(id)}`;
  const { format } = await openImage(bytes, label, false)
    .metadata()
    .catch((error) => {
      throw damagedImage(label, error);
    });
  const name = sha256(id);
  const ending = /^[a-z]{2,5}$/.test(format ?? '') ? format : 'bin';
  return `${uploadsFolder}/${name.slice(0, 2)}/${name.slice(0, 32)}-${randomBytes(8).toString('hex')}.${ending}`;
}

const own = new RegExp(`^${uploadsFolder.replace('.', '\\.')}/[0-9a-f]{2}/[0-9a-f]{32}-[0-9a-f]{16}\\.[a-z]{2,5}$`);

/** Whether a location is of a file that was uploaded, and not of one that was there. */
export const isUpload = (location: string): boolean => own.test(location);

/** Deletes files of pictures that were added and are no longer there; other pictures' files are never touched. */
export async function removeUploads(images: string | undefined, locations: readonly string[]): Promise<void> {
  if (images === undefined) return;
  for (const location of locations) if (isUpload(location)) await rm(join(images, location), { force: true });
}
