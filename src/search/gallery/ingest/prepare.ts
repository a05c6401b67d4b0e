/** One picture of a list against what the gallery has of it: unchanged, broken, or to be written. */
import { stat } from 'node:fs/promises';
import { LimnError } from '../../../core/errors.js';
import { sha256 } from '../../../core/files.js';
import type { ContentMemo } from '../../../models/encoders/cache/content-memo.js';
import { readImage } from '../../../models/encoders/image/image.js';
import type { ItemMetadata } from '../../store/metadata.js';
import type { StoredItem } from '../../store/store.js';
import type { DecodedImage, Embedder } from '../embedder.js';
import type { ImageFiles } from '../image-files.js';
import { isUrl, type ListedImage } from './image-list.js';

export interface Changed {
  item: StoredItem;
  /** Left out where only the metadata or the place have changed. */
  image?: DecodedImage;
  /** Whether the gallery has another picture of this id. */
  replaces: boolean;
}

export type PreparedImage = { changed: Changed } | { unchanged: true } | { id: string; broken: LimnError };

export interface CompareTools {
  files: ImageFiles;
  /** What is remembered of files that have not changed. @default nothing: they are read */
  memo?: ContentMemo | undefined;
  refresh: boolean;
  /** Read files in any case, also those that the memo knows. @default false */
  verify?: boolean | undefined;
  signal: AbortSignal | undefined;
  /** Only the hash is wanted. @default false */
  hashOnly?: boolean | undefined;
}

export interface PrepareTools extends CompareTools {
  embedder: Embedder;
}

/** Reads and decodes a picture, unless the gallery has its content. @throws LimnError USAGE where URLs are not allowed, INTERRUPTED */
export async function prepareImage(
  listed: ListedImage,
  stored: StoredItem | undefined,
  tools: PrepareTools,
): Promise<PreparedImage> {
  return prepare(listed, stored, tools).catch((error) => brokenImage(listed, tools.files, error));
}

/** A picture whose file cannot be read as such. @throws any other error */
export function brokenImage(listed: ListedImage, files: ImageFiles, error: unknown): { id: string; broken: LimnError } {
  const allowed = !isUrl(listed.location) || listed.bytes || files.fetcher;
  const broken = LimnError.isInstance(error) && ['IMAGE', 'DATA', 'USAGE'].includes(error.code) && allowed;
  if (!broken) throw error;
  // For whoever indexes pictures, a URL that leads nowhere is a picture that cannot be read.
  const why = error.code === 'IMAGE' ? error : new LimnError('IMAGE', error.message, { details: error.details, cause: error });
  return { id: listed.id, broken: why };
}

async function prepare(listed: ListedImage, stored: StoredItem | undefined, tools: PrepareTools): Promise<PreparedImage> {
  const { id, location, metadata } = listed;
  const { embedder, files } = tools;
  const read = await readListed(listed, stored, tools);
  const known = sameContent(listed, stored, read.content);
  if (known) return known;
  const bytes = read.bytes ?? (await files.read(location, { signal: tools.signal }));
  // The file may have changed since its content was remembered.
  const content = sha256(bytes);
  if (listed.content !== undefined && listed.content !== content) {
    throw new LimnError('IMAGE', `The picture ${files.nameOf(location)} has changed since it was queued: index it again.`);
  }
  const image = listed.decoded ?? (await embedder.decode(bytes, files.nameOf(location)));
  const changed = { item: { id, content, location, metadata }, image, replaces: stored !== undefined };
  return sameContent(listed, stored, content) ?? { changed };
}

/** What is to be done where the gallery has this content; undefined where it has not. */
export function sameContent(
  { id, location, metadata }: ListedImage,
  stored: StoredItem | undefined,
  content: string,
): { unchanged: true } | { changed: Changed } | undefined {
  if (stored?.content !== content) return undefined;
  if (stored.location === location && sameMetadata(stored.metadata, metadata)) return { unchanged: true };
  return { changed: { item: { id, content, location, metadata }, replaces: true } };
}

/** The hash of a picture's content, and its bytes where they had to be read for it. @param stored what the gallery has of it */
export async function readListed(
  { location, bytes }: ListedImage,
  stored: StoredItem | undefined,
  { files, memo, refresh, verify, signal, hashOnly }: CompareTools,
): Promise<{ content: string; bytes?: Uint8Array }> {
  if (bytes) return { content: sha256(bytes), bytes };
  if (isUrl(location)) {
    if (stored?.location === location && !refresh) return { content: stored.content };
    const fetched = await files.read(location, { signal });
    return { content: sha256(fetched), bytes: fetched };
  }
  const path = await files.pathOf(location);
  const state = await stat(path).catch(() => undefined);
  // Of a picture that the gallery has not, the bytes will be wanted anyway.
  const remembered = state && !verify && (stored || hashOnly) && memo?.get(path, state);
  if (remembered) return { content: remembered };
  const read = await readImage(path);
  const content = sha256(read);
  if (state && state.size === read.length) memo?.set(path, state, content);
  return { content, bytes: read };
}

export function sameMetadata(a: ItemMetadata, b: ItemMetadata): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
