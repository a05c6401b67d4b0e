/** What a gallery is to hold: a list of pictures, wherever it comes from. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import type { ItemMetadata } from '../../store/metadata.js';
import type { DecodedImage } from '../embedder.js';
import type { PassedOverFiles } from './passed-over.js';

/** How the rows of a file of metadata fit the images of a list. */
export interface MetadataFit {
  /** Rows of the file. */
  rows: number;
  /** Rows that fit a picture. */
  matched: number;
  /** Ids or paths of the first rows that fit none. */
  examples: string[];
  /** Why they may fit none: how they differ from the ids of pictures; left out where nothing is like them. */
  reason?: string | undefined;
}

/** An image that is to be in a gallery. */
export interface ListedImage {
  /** Unique in the gallery. */
  id: string;
  /** A path inside the images folder with "/" between names, or a URL. */
  location: string;
  /** The image's metadata. */
  metadata: ItemMetadata;
  /** The picture's file, where it need not be read from its location. */
  bytes?: Uint8Array;
  /** The picture of these bytes, where it was decoded before. */
  decoded?: DecodedImage | undefined;
  /** SHA-256 that the file must have; a picture of another content counts as broken. @default any */
  content?: string | undefined;
}

/** The images that are to be in a gallery. */
export interface ImageList {
  /** How many pictures the list has. */
  total: number;
  /** Files of the folder that are no pictures of the list. @default none */
  passedOver?: readonly PassedOverFiles[] | undefined;
  /** How the rows of a file of metadata fit the pictures. @default there is no such file */
  metadata?: MetadataFit | undefined;
  /** What a person should know of how the sources were read, in sentences. @default nothing */
  notes?: readonly string[] | undefined;
  /** Reads the list from its start. */
  images(): AsyncIterable<ListedImage> | Iterable<ListedImage>;
}

/** Whether a picture's location is a URL and not a path. */
export function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/** The start of the locations of pictures that were added one by one; a scan of the folder does not see them. */
export const uploadsFolder = '.limn/uploads';

/**
 * A path as a location inside the images folder.
 *
 * @param path absolute, or relative to the folder
 * @returns undefined for a path that leads out of the folder
 */
export function locationInside(folder: string, path: string): string | undefined {
  const inside = relative(resolve(folder), resolve(folder, path));
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return undefined;
  return inside.split(sep).join('/');
}

/** Pictures that are given one by one. @throws LimnError DATA for an id that is there twice */
export function listOf(images: readonly ListedImage[]): ImageList {
  const ids = new Set(images.map(({ id }) => id));
  if (ids.size < images.length) throw new LimnError('DATA', 'Two pictures of the list have one id. Ids must be unique.');
  return { total: images.length, images: () => images };
}

/** A list with more metadata: what `of` knows of a picture, by its id or else by its path, wins. */
export function withMetadata(list: ImageList, of: MetadataOf): ImageList {
  return {
    ...list,
    async *images() {
      for await (const image of list.images()) {
        const more = of(image);
        yield more ? { ...image, metadata: { ...image.metadata, ...more } } : image;
      }
    },
  };
}

/** More metadata of a picture; undefined where there are none. */
export type MetadataOf = (image: Pick<ListedImage, 'id' | 'location'>) => ItemMetadata | undefined;
