/** Reading the pictures of a gallery: files of its images folder, never any others, and URLs where they are allowed. */
import { realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';
import { openImage, readImage } from '../../models/encoders/image/image.js';
import { isUrl, locationInside } from './ingest/image-list.js';
import type { SafeFetcher } from './ingest/safe-fetch.js';

export interface ImageReadOptions {
  signal?: AbortSignal | undefined;
}

export class ImageFiles {
  private root: Promise<string> | undefined;

  constructor(
    /** The images folder; none where all pictures are URLs. */
    readonly folder: string | undefined,
    /** What fetches URLs; none where they are not allowed. */
    readonly fetcher: SafeFetcher | undefined,
  ) {}

  /** Where a location's picture is, for people: a path or a URL. */
  nameOf(location: string): string {
    return isUrl(location) || this.folder === undefined ? location : join(this.folder, location);
  }

  /**
   * The path of a location's file, with links resolved.
   *
   * @throws LimnError IMAGE when there is none, or it lies outside the images folder
   */
  async pathOf(location: string): Promise<string> {
    const folder = this.requireFolder();
    const inside = locationInside(folder, location);
    const name = join(folder, inside ?? '');
    this.root ??= realpath(resolve(folder));
    const root = await this.root.catch((error) => {
      this.root = undefined;
      throw unreadable(folder, error);
    });
    const path = await realpath(name).catch((error) => {
      throw unreadable(name, error);
    });
    if (inside !== undefined && path.startsWith(root.endsWith(sep) ? root : root + sep)) return path;
    throw new LimnError('IMAGE', `The picture ${location} lies outside the images folder ${folder}. Put it inside.`);
  }

  /**
   * The bytes of a picture's file.
   *
   * @throws LimnError IMAGE for a file that cannot be read, USAGE for a URL where none are allowed or this one is not, DATA for one that
   * cannot be fetched, INTERRUPTED
   */
  async read(location: string, options: ImageReadOptions = {}): Promise<Uint8Array> {
    if (!isUrl(location)) return readImage(await this.pathOf(location));
    if (this.fetcher) return (await this.fetcher.fetch(location, options)).bytes;
    throw new LimnError(
      'USAGE',
      `The picture ${location} is a URL, and URLs are not fetched unless that is allowed (--allow-urls).`,
    );
  }

  readPath(path: string): Promise<Uint8Array> {
    return readImage(path);
  }

  async hash(data: string | Uint8Array): Promise<string> {
    return sha256(data);
  }

  async sizeOf(bytes: Uint8Array, name: string): Promise<{ width: number; height: number }> {
    return (await openImage(bytes, name, false).metadata()).autoOrient;
  }

  private requireFolder(): string {
    if (this.folder !== undefined) return this.folder;
    throw new LimnError('GALLERY', 'The gallery has no images folder: all of its pictures are URLs.');
  }
}

function unreadable(path: string, cause: unknown): LimnError {
  const { code } = cause as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read (${code})`;
  return new LimnError('IMAGE', `The picture ${path} ${reason}. Check the path.`, { details: { path }, cause });
}
