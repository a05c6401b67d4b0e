/** Makes a gallery: finds the pictures of a folder, embeds them with a model, writes the result in one step. */
import { stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { LimnError } from '../core/errors.js';
import { sha256File } from '../core/files.js';
import type { OnProgress } from '../core/progress.js';
import { ContentMemo } from '../encoders/content-memo.js';
import type { LimnModel } from '../models/limn-model.js';
import type { PictureReader } from '../models/picture-reader.js';
import type { FolderReference } from '../store/gallery-store.js';
import { type GalleryContent, writeGallery } from '../store/memory/gallery-files.js';
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

/**
 * Indexes pictures. Their features are cached as they are computed, so a call that was killed costs only its last batch, and
 * the same call gives the same files.
 *
 * @throws LimnError DATA for a folder without pictures, IMAGE for the first broken one, USAGE for a model without a folder,
 * INTERRUPTED; the gallery that was in `out` is then as it was
 */
export async function indexPictures(reader: PictureReader, options: IndexOptions): Promise<GalleryContent> {
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
    const items = [];
    for (const id of pictures.ids) items.push({ id, content: await contentOf(pathOf(id), memo) });
    const embeddings = await model.embedTargets(pictures, Array.from(pictures.ids.keys()), { signal, onProgress });
    const content: GalleryContent = {
      info: {
        model: { hash: model.hash, encoder: model.parts.encoder.id, folder: referenceTo(model.folder, out) },
        images: referenceTo(images, out),
        gamma: model.config.gamma,
        skipped: pictures.broken.map(({ id, reason }) => ({ id, reason })),
      },
      items,
      embeddings,
    };
    await writeGallery(out, content);
    return content;
  } finally {
    await pictures.close();
  }
}

async function contentOf(path: string, memo: ContentMemo): Promise<string> {
  return memo.get(path, await stat(path)) ?? (await sha256File(path));
}

function referenceTo(folder: string, from: string): FolderReference {
  return { relative: relative(from, folder).split(sep).join('/') || '.', absolute: resolve(folder) };
}
