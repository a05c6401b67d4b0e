/** One picture of a list against what the gallery has of it: unchanged, broken, or to be written. */
import { stat } from 'node:fs/promises';
import { LimnError } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';
import type { ContentMemo } from '../../encoders/content-memo.js';
import { readPicture } from '../../encoders/image.js';
import type { Metadata } from '../../store/metadata.js';
import type { StoredItem } from '../../store/store.js';
import type { DecodedPicture, Embedder } from '../embedder.js';
import type { PictureFiles } from '../picture-files.js';
import { isUrl, type ListedPicture } from './picture-list.js';

export interface Changed {
  item: StoredItem;
  /** Left out where only the metadata or the place have changed. */
  picture?: DecodedPicture;
  /** Whether the gallery has another picture of this id. */
  replaces: boolean;
}

export type Prepared = { changed: Changed } | { unchanged: true } | { id: string; broken: LimnError };

export interface PrepareTools {
  embedder: Embedder;
  files: PictureFiles;
  memo: ContentMemo;
  refresh: boolean;
  signal: AbortSignal | undefined;
}

/** Reads and decodes a picture, unless the gallery has its content. @throws LimnError USAGE where URLs are not allowed, INTERRUPTED */
export async function preparePicture(
  listed: ListedPicture,
  stored: StoredItem | undefined,
  tools: PrepareTools,
): Promise<Prepared> {
  try {
    return await prepare(listed, stored, tools);
  } catch (error) {
    const allowed = !isUrl(listed.location) || listed.bytes || tools.files.fetcher;
    const broken = LimnError.isInstance(error) && ['IMAGE', 'DATA', 'USAGE'].includes(error.code) && allowed;
    if (!broken) throw error;
    // For whoever indexes pictures, a URL that leads nowhere is a picture that cannot be read.
    const why = error.code === 'IMAGE' ? error : new LimnError('IMAGE', error.message, { details: error.details, cause: error });
    return { id: listed.id, broken: why };
  }
}

async function prepare(listed: ListedPicture, stored: StoredItem | undefined, tools: PrepareTools): Promise<Prepared> {
  const { id, location, metadata } = listed;
  const { embedder, files } = tools;
  const same = (content: string): Prepared | undefined => {
    if (stored?.content !== content) return undefined;
    if (stored.location === location && sameMetadata(stored.metadata, metadata)) return { unchanged: true };
    return { changed: { item: { id, content, location, metadata }, replaces: true } };
  };
  const read = await readListed(listed, stored, tools);
  const known = same(read.content);
  if (known) return known;
  const bytes = read.bytes ?? (await files.read(location, { signal: tools.signal }));
  // The file may have changed since its content was remembered.
  const content = sha256(bytes);
  const picture = await embedder.decode(bytes, files.nameOf(location));
  return same(content) ?? { changed: { item: { id, content, location, metadata }, picture, replaces: stored !== undefined } };
}

/** The hash of a picture's content, and its bytes where they had to be read for it. */
async function readListed(
  { location, bytes }: ListedPicture,
  stored: StoredItem | undefined,
  { files, memo, refresh, signal }: PrepareTools,
): Promise<{ content: string; bytes?: Uint8Array }> {
  if (bytes) return { content: sha256(bytes), bytes };
  if (isUrl(location)) {
    if (stored?.location === location && !refresh) return { content: stored.content };
    const fetched = await files.read(location, { signal });
    return { content: sha256(fetched), bytes: fetched };
  }
  const path = await files.pathOf(location);
  const state = await stat(path).catch(() => undefined);
  const remembered = state && stored && memo.get(path, state);
  if (remembered) return { content: remembered };
  const read = await readPicture(path);
  const content = sha256(read);
  if (state && state.size === read.length) memo.set(path, state, content);
  return { content, bytes: read };
}

function sameMetadata(a: Metadata, b: Metadata): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
