/**
 * A gallery on disk: `gallery.json`, and a safetensors file that it names by a part of its content's hash. The vectors are
 * written first and gallery.json takes its place in one step, so a crash leaves the gallery of before, or none.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { readJson, writeFileAtomic } from '../../core/files.js';
import type { Embeddings } from '../../models/embeddings.js';
import { decodeSafetensors, encodeSafetensors } from '../../tensor/safetensors.js';
import { tensor } from '../../tensor/tensor.js';
import type { GalleryInfo, GalleryItem } from '../gallery-store.js';

export interface GalleryContent {
  info: GalleryInfo;
  /** One a row of the embeddings. */
  items: GalleryItem[];
  embeddings: Embeddings;
}

const folderReference = z.strictObject({ relative: z.string(), absolute: z.string() });
const size = z.int().positive();
/** Methods without factors have none. */
const factorSize = z.int().nonnegative();
const manifest = z.strictObject({
  format: z.literal('limn-gallery-1'),
  model: z.strictObject({ hash: z.string(), encoder: z.string(), folder: folderReference }),
  images: folderReference,
  gamma: z.number().nonnegative(),
  vectors: z.strictObject({ file: z.string(), count: size, width: size, factors: factorSize, projection: factorSize }),
  skipped: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
  items: z.array(z.strictObject({ id: z.string(), content: z.string() })),
});

const manifestName = 'gallery.json';
const vectorsName = /^vectors-[0-9a-f]{16}\.safetensors(\.\d+\.tmp)?$/;

/** Writes a gallery into a folder, which is made; equal content gives equal bytes. */
export async function writeGallery(folder: string, { info, items, embeddings }: GalleryContent): Promise<void> {
  const { count, width, factors, projection, matching, factorVectors } = embeddings;
  const parts = encodeSafetensors({
    matching: tensor('float32', [count, width], matching),
    factors: tensor('float32', [count, factors, projection], factorVectors),
  });
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const file = `vectors-${hash.digest('hex').slice(0, 16)}.safetensors`;
  if (!existsSync(join(folder, file))) await writeFileAtomic(join(folder, file), parts);
  const head = { format: 'limn-gallery-1', ...info, vectors: { file, count, width, factors, projection } };
  const lines = items.map((item) => JSON.stringify(item)).join(',\n  ');
  await writeFileAtomic(
    join(folder, manifestName),
    `${JSON.stringify(head, null, 1).slice(0, -2)},\n "items": [\n  ${lines}\n ]\n}\n`,
  );
  // What an earlier index, or one that was killed, left behind.
  for (const name of await readdir(folder))
    if (vectorsName.test(name) && name !== file) await rm(join(folder, name), { force: true });
}

/** @throws LimnError GALLERY when there is none, or it is damaged; it says how to make one */
export async function readGallery(folder: string): Promise<GalleryContent> {
  const path = join(folder, manifestName);
  if (!existsSync(path)) {
    throw new LimnError(
      'GALLERY',
      `There is no gallery in ${folder}. Make one with "limn index --model RUN --images DIR --out ${folder}".`,
      { details: { folder } },
    );
  }
  const damaged = (why: string, cause?: unknown) =>
    new LimnError('GALLERY', `The gallery in ${folder} is damaged: ${why} Make it again with "limn index".`, {
      details: { folder },
      cause,
    });
  const value = await readJson(path, "a gallery's manifest").catch((error) => {
    throw damaged(messageOf(error), error);
  });
  const parsed = manifest.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damaged(`gallery.json has a wrong "${issue?.path.join('.')}" (${messageOf(issue?.message)}).`);
  }
  const { format: _, vectors, items, ...info } = parsed.data;
  const { count, width, factors, projection } = vectors;
  const file = join(folder, vectors.file);
  const bytes = await readFile(file).catch((error) => {
    throw damaged(`its vectors cannot be read (${messageOf(error)}).`, error);
  });
  let tensors: ReturnType<typeof decodeSafetensors>['tensors'];
  try {
    tensors = decodeSafetensors(bytes, file).tensors;
  } catch (error) {
    throw damaged(messageOf(error).replace(/\. Use .*$/, '.'), error);
  }
  const take = (name: string, shape: number[]): Float32Array => {
    const found = tensors[name];
    if (found?.dtype !== 'float32' || found.shape.join() !== shape.join()) {
      throw damaged(`${vectors.file} has no float32 "${name}" of shape [${shape}].`);
    }
    return found.data as Float32Array;
  };
  const matching = take('matching', [count, width]);
  const factorVectors = take('factors', [count, factors, projection]);
  if (items.length !== count) throw damaged(`it lists ${items.length} pictures but has the vectors of ${count}.`);
  return { info, items, embeddings: { count, width, factors, projection, matching, factorVectors } };
}
