/** Small copies of a gallery's pictures, kept in LIMN_HOME by the content of the picture that they are of. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from '../../core/checksum.js';
import { limnHome, sha256, writeFileAtomic } from '../../core/files.js';
import { jpegThumbnail } from '../../models/encoders/image/thumbnail.js';
import { type InTurn, immediately } from './in-turn.js';

/** The longest side in pixels. */
export const thumbnailSide = 320;

/**
 * A JPEG of a picture, at most {@link thumbnailSide} pixels a side.
 *
 * @param content SHA-256 of its file @param read reads its file, if there is no copy yet
 * @throws LimnError IMAGE for a picture that cannot be read, and what `read` throws
 */
export async function cachedThumbnail(
  content: string,
  read: () => Promise<Uint8Array>,
  pixelLimit?: number,
  inTurn: InTurn = immediately,
): Promise<Uint8Array> {
  const path = /^[0-9a-f]{64}$/.test(content)
    ? join(limnHome('thumbnails', String(thumbnailSide), content.slice(0, 2)), `${content}.jpg`)
    : undefined;
  const known = path && whole(await readFile(path).catch(() => undefined));
  if (known) return known;
  const bytes = await read();
  const made = await inTurn(bytes, () => jpegThumbnail(bytes, thumbnailSide, pixelLimit));
  // Of a file that has changed since it was indexed, and of a full disk, a copy is only shown.
  if (path && sha256(bytes) === content) await writeFileAtomic(path, [made, seal(made)]).catch(() => {});
  return made;
}

const mark = Buffer.from('LIMN');

/** What follows a kept copy: "LIMN" and its CRC-32 (little-endian). */
function seal(jpeg: Uint8Array): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(jpeg));
  return Buffer.concat([mark, checksum]);
}

/** The copy of a file that is whole; one that is not is made again. */
function whole(file: Buffer | undefined): Uint8Array | undefined {
  if (!file) return undefined;
  const jpeg = file.subarray(0, -8);
  return jpeg.length > 0 && file.subarray(-8).equals(seal(jpeg)) ? jpeg : undefined;
}
