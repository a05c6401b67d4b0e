/** Makes a gallery: finds the pictures of a folder, embeds them with a model, writes the result in one step. */
import { stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LimnError } from '../core/errors.js';
import { sha256File } from '../core/files.js';
import type { OnProgress } from '../core/progress.js';
import { ContentMemo } from '../encoders/content-memo.js';
import type { LimnModel } from '../models/limn-model.js';
import type { PictureReader } from '../models/picture-reader.js';
import { hasManifest } from '../store/memory/manifest.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { EmbeddedItem, FolderReference, GalleryInfo, GalleryStore } from '../store/store.js';
import { scanPictures } from './scan.js';

export interface IndexOptions {
  /** A model that was opened from its folder, where the gallery will look for it again. */
  model: LimnModel;
  /** The folder of the pictures; they stay where they are. */
  images: string;
  /** The gallery's folder. An older gallery in it is replaced when the new one is whole. */
  out: string;
  /** Paths inside `images` to index. @default every picture in the folder and the folders in it */
  files?: readonly string[];
  /** What a picture that cannot be read does: stop with its error, or be left out and listed. @default 'error' */
  onBroken?: 'error' | 'skip';
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface IndexedPictures {
  store: GalleryStore;
  /** Pictures that could not be read and were left out. */
  skipped: { id: string; reason: string }[];
}

/**
 * Indexes pictures. Their features are cached as they are computed, so a call that was killed costs only its last batch, and
 * the same call gives the same files.
 *
 * @throws LimnError DATA for a folder without pictures, IMAGE for the first broken one, USAGE for a model without a folder,
 * INTERRUPTED; the gallery that was in `out` is then as it was
 */
export async function indexPictures(reader: PictureReader, options: IndexOptions): Promise<IndexedPictures> {
  const { model, images, out, onBroken = 'error', signal, onProgress } = options;
  if (!model.hash)
    throw new LimnError('USAGE', 'The model was never saved, so a gallery could not find it again: save it and open it.');
  const ids = options.files ? [...options.files] : await scanPictures(images);
  const pathOf = (id: string) => join(images, id);
  const pictures = await reader.read({
    pictures: ids.map((id) => ({ id, path: pathOf(id) })),
    onBroken,
    signal,
    onProgress,
  });
  try {
    const memo = await ContentMemo.open();
    const embeddings = await model.embedTargets(pictures, Array.from(pictures.ids.keys()), { signal, onProgress });
    const { width, factors, projection, matching, factorVectors } = embeddings;
    const items: EmbeddedItem[] = [];
    for (const [row, id] of pictures.ids.entries()) {
      items.push({
        id,
        content: await contentOf(pathOf(id), memo),
        location: id,
        metadata: {},
        matching: matching.subarray(row * width, (row + 1) * width),
        factors: factorVectors.subarray(row * factors * projection, (row + 1) * factors * projection),
      });
    }
    const info: GalleryInfo = {
      model: { hash: model.hash, encoder: model.parts.encoder.id, folder: referenceTo(model.folder, out) },
      images: referenceTo(images, out),
      gamma: model.config.gamma,
      sizes: { width, factors, projection },
    };
    const skipped = pictures.broken.map(({ id, reason }) => ({ id, reason }));
    return { store: await storeOf(out, info, items), skipped };
  } finally {
    await pictures.close();
  }
}

/** The gallery that is there already where it holds just these pictures, else a new one in its place. */
async function storeOf(folder: string, info: GalleryInfo, items: readonly EmbeddedItem[]): Promise<GalleryStore> {
  if (hasManifest(folder)) {
    const store = await MemoryStore.open(folder).catch(() => undefined);
    const found = (await store?.get(items.map(({ id }) => id))) ?? [];
    const same =
      (await store?.count()) === items.length &&
      isDeepStrictEqual(store?.info, info) &&
      items.every(({ content }, i) => found[i]?.content === content);
    if (store && same) return store;
    await store?.close();
  }
  return MemoryStore.create(folder, info, { replace: true, items });
}

async function contentOf(path: string, memo: ContentMemo): Promise<string> {
  return memo.get(path, await stat(path)) ?? (await sha256File(path));
}

function referenceTo(folder: string, from: string): FolderReference {
  return { relative: relative(from, folder).split(sep).join('/') || '.', absolute: resolve(folder) };
}
