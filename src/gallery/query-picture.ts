/** One picture for one search. It is read beside the caches, which would otherwise grow with every query. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LimnError } from '../core/errors.js';
import { sha256 } from '../core/files.js';
import { readPicture } from '../encoders/image.js';
import type { PictureReader } from '../models/picture-reader.js';
import type { PictureSource } from '../models/picture-source.js';

/**
 * Calls `use` with the picture as the only row of a source, and with the SHA-256 of its content.
 *
 * @param image the path of a picture, or the bytes of its file
 * @throws LimnError IMAGE, naming the file, when it cannot be read
 */
export async function withQueryPicture<T>(
  reader: PictureReader,
  image: string | Uint8Array,
  use: (source: PictureSource, content: string) => Promise<T>,
): Promise<T> {
  const bytes = typeof image === 'string' ? await readPicture(image) : image;
  const folder = await mkdtemp(join(tmpdir(), 'limn-query-'));
  const path = typeof image === 'string' ? image : join(folder, 'picture');
  try {
    if (path !== image) await writeFile(path, bytes);
    const source = await reader.read({
      pictures: [{ id: 'query', path }],
      directory: join(folder, 'cache'),
      memoFile: join(folder, 'memo'),
    });
    try {
      return await use(source, sha256(bytes));
    } finally {
      await source.close();
    }
  } catch (error) {
    if (path === image || !LimnError.isInstance(error) || error.code !== 'IMAGE') throw error;
    throw new LimnError('IMAGE', error.message.replaceAll(path, 'The query picture'), { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
