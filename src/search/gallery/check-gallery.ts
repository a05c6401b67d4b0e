/** Verifies a gallery of any store, item by item, and says what is wrong and how to repair it. */
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readSealedJson } from '../../core/checksum.js';
import { LimnError, messageOf, throwIfAborted } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';
import type { OnProgress } from '../../core/progress.js';
import { checkItems } from '../store/check.js';
import { rebuild, type Salvage, salvage } from '../store/memory/salvage.js';
import { kindOf, openStore } from '../store/open-store.js';
import type { GalleryStore, StoredItem } from '../store/store.js';
import { compareText } from '../store/text.js';
import { factsFile } from './explain/facts.js';
import { shownLocation } from './find-model.js';
import { isUrl, locationInside, uploadsFolder } from './ingest/image-list.js';
import { findFolder, localFolder } from './locations.js';

/** Options of {@link checkGallery}. */
export interface CheckGalleryOptions {
  /** Repair what can be repaired; damaged files are kept beside the gallery. @default false */
  repair?: boolean | undefined;
  /** The folder of the pictures, as this machine calls it. @default found where it was */
  images?: string | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** Something that is wrong. */
export interface GalleryProblem {
  /** What is wrong, in a sentence. */
  what: string;
  /** The damaged file, and the byte where the damage begins, where there are such. */
  file?: string | undefined;
  /** The byte of the file where the damage begins. */
  byte?: number | undefined;
  /** Ids of the affected items, as far as they are known. */
  items: string[];
  /** What to do. */
  repair: string;
}

/** What {@link checkGallery} found. */
export interface GalleryCheck {
  /** The gallery's location, without passwords. */
  gallery: string;
  /** Kind of the store. */
  store: string;
  /** Items that were verified. */
  items: number;
  /** Empty for a gallery that is sound. */
  problems: GalleryProblem[];
  /** Worth knowing, but nothing is lost. */
  notes: string[];
  /** What was repaired. */
  repaired: string[];
  /** Whether nothing is wrong, or nothing is wrong any more after the repair. */
  sound: boolean;
}

const pageItems = 500;
const indexAgain = 'Run the "limn index" of this gallery again: it embeds the pictures that are missing.';

/**
 * Verifies every item: ids, order and count; metadata; vectors of the right width, finite and of unit length; the files of pictures that
 * were added one by one, byte for byte, and that the others are there. Of a gallery in memory all checksums of its files are compared.
 *
 * @param location as in `Gallery.open`; no model is opened
 * @throws LimnError GALLERY where there is none, or its manifest is damaged; STORE where its server or disk fails, or for a repair while another process
 * writes; USAGE, INTERRUPTED
 */
export async function checkGallery(location: string, options: CheckGalleryOptions = {}): Promise<GalleryCheck> {
  const store = (await kindOf(location)) ?? 'memory';
  const found: GalleryCheck = {
    gallery: shownLocation(location),
    store,
    items: 0,
    problems: [],
    notes: [],
    repaired: [],
    sound: true,
  };
  const folder = localFolder(location);
  if (store === 'memory' && folder !== undefined) await checkFolder(folder, options, found);
  await checkFacts(location, options, found);
  // What cannot be opened has been said by now; anything else is said here.
  const opened = await openStore(location).catch((error) => {
    if (found.problems.length === 0) throw error;
    return undefined;
  });
  try {
    if (opened) await checkContent(opened, location, options, found);
  } finally {
    await opened?.close();
  }
  found.sound = found.problems.length === 0;
  return found;
}

async function checkFolder(folder: string, { repair = false }: CheckGalleryOptions, found: GalleryCheck): Promise<void> {
  const saved: Salvage = await salvage(folder);
  if (saved.tornBytes > 0) {
    found.notes.push(`A last write that was cut short (${saved.tornBytes} bytes) is ignored; it was never acknowledged.`);
  }
  if (saved.leftovers.length > 0) {
    found.notes.push(`Left behind by a killed process, and removed by the next write: ${saved.leftovers.join(', ')}.`);
  }
  if (saved.damages.length === 0) return;
  if (repair) {
    const aside = await rebuild(folder, saved);
    const lost = new Set(saved.damages.flatMap(({ items }) => items).filter((id) => !saved.items.has(id)));
    const what = `The gallery was rebuilt from the ${saved.items.size} items that are intact${lost.size ? `; ${lost.size} are not (${[...lost].slice(0, 5).join(', ')}${lost.size > 5 ? ', ...' : ''})` : ''}. The damaged files are kept: ${aside.join(', ')}. ${indexAgain}`;
    found.repaired.push(what);
    return;
  }
  for (const { file, byte, what, items } of saved.damages) {
    const advice = `Restore the folder from a copy, or keep what is intact with --repair. Then: ${indexAgain}`;
    found.problems.push({ what: `${file} is damaged at byte ${byte}: ${what}.`, file, byte, items, repair: advice });
  }
}

async function checkFacts(location: string, { repair = false }: CheckGalleryOptions, found: GalleryCheck): Promise<void> {
  const file = factsFile(location);
  if (file === undefined || !existsSync(file)) return;
  const error = await readSealedJson(file, "a gallery's facts").then(
    () => undefined,
    (reason) => reason,
  );
  if (!error) return;
  if (repair) {
    await rename(file, `${file}.${Date.now()}.damaged`);
    found.repaired.push(`${file} was put aside; names of factors and fields are learned again when they are asked for.`);
    return;
  }
  const advice = 'Put it aside with --repair, or delete it: names of factors and fields are learned again.';
  found.problems.push({ what: messageOf(error), file, items: [], repair: advice });
}

async function checkContent(
  store: GalleryStore,
  location: string,
  { repair = false, images, signal, onProgress }: CheckGalleryOptions,
  found: GalleryCheck,
): Promise<void> {
  const total = await store.count();
  const known = store.info.images;
  const folder = images ?? (known && (findFolder(known, localFolder(location)) ?? known.absolute));
  const gone: string[] = [];
  const unusable: string[] = [];
  // Files that cannot be read are damaged; a server that does not answer is not.
  const unreadable = (error: unknown) => {
    if (localFolder(location) === undefined || !LimnError.isInstance(error) || error.code === 'INTERRUPTED') throw error;
    // Of a gallery in memory the folder's check has said it.
    if (found.problems.length === 0) {
      found.problems.push(problem(messageOf(error), [], `Restore the gallery from a copy. Or: ${replaceIt}`));
    }
  };
  let after: string | undefined;
  for (;;) {
    throwIfAborted(signal, 'checking a gallery');
    const items = await store.list({ after, limit: pageItems }).catch(unreadable);
    if (!items) return;
    if (items.length === 0) break;
    const read = await store.vectors(items.map(({ id }) => id)).catch(unreadable);
    const vectors = read ?? items.map(() => undefined);
    for (const [i, item] of items.entries()) {
      if (after !== undefined && compareText(after, item.id) >= 0) {
        found.problems.push(
          problem(`The item ${JSON.stringify(item.id)} is listed twice, or out of order.`, [item.id], replaceIt),
        );
      }
      after = item.id;
      const wrong = read && vectorProblem(store, item, vectors[i]);
      // `limn index` embeds an image of its list again, and knows no uploads.
      if (wrong && repair && !isUpload(item)) unusable.push(item.id);
      else if (wrong) found.problems.push(wrong);
      await checkImage(folder, item, found, gone);
    }
    found.items += items.length;
    onProgress?.({ stage: 'check items', done: found.items, total });
  }
  if (unusable.length > 0) {
    await store.delete(unusable);
    const shown = unusable.slice(0, 5).map((id) => JSON.stringify(id));
    const what = `Removed for damaged vectors: ${unusable.length} of ${total} items (${shown.join(', ')}${unusable.length > 5 ? ', ...' : ''}). ${indexAgain}`;
    found.repaired.push(what);
  }
  if (found.items !== total) {
    found.problems.push(problem(`The store counts ${total} items and lists ${found.items}.`, [], replaceIt));
  }
  if (gone.length > 0) {
    const shown = gone.slice(0, 3).map((id) => JSON.stringify(id));
    found.notes.push(
      `${gone.length} pictures are not where they were (${shown.join(', ')}${gone.length > 3 ? ', ...' : ''}): they are found, but cannot be shown. "limn index --prune" removes them.`,
    );
  }
}

const replaceIt = 'Make the gallery again with "limn index --replace".';
const problem = (what: string, items: string[], repair: string): GalleryProblem => ({ what, items, repair });

/** What is wrong with an item's vectors. */
function vectorProblem(
  store: GalleryStore,
  item: StoredItem,
  vectors: { matching: Float32Array; factors: Float32Array } | undefined,
): GalleryProblem | undefined {
  const name = JSON.stringify(item.id);
  const advice = isUpload(item) ? 'Add the image again.' : `Remove the item with --repair. Then: ${indexAgain}`;
  if (!vectors) return problem(`The item ${name} has no vectors.`, [item.id], advice);
  const { factors, projection } = store.info.sizes;
  try {
    checkItems([{ ...item, ...vectors }], store.info.sizes);
    for (let k = 0; k < factors; k++) {
      const length = Math.hypot(...vectors.factors.subarray(k * projection, (k + 1) * projection));
      // A model may give a factor that is zero; it is normalised to nothing.
      if (length > 1e-6 && Math.abs(length - 1) > 1e-3) {
        throw new LimnError('GALLERY', `The factor vector ${k} of the item ${name} has the length ${length} instead of 1.`);
      }
    }
    return undefined;
  } catch (error) {
    return problem(messageOf(error), [item.id], advice);
  }
}

const isUpload = ({ location }: StoredItem) => location.startsWith(`${uploadsFolder}/`);

async function checkImage(folder: string | undefined, item: StoredItem, found: GalleryCheck, gone: string[]): Promise<void> {
  const { id, location, content } = item;
  if (isUrl(location) || folder === undefined) return;
  if (locationInside(folder, location) === undefined) {
    found.problems.push(problem(`The item ${JSON.stringify(id)} lies outside the images folder.`, [id], replaceIt));
    return;
  }
  const file = join(folder, location);
  if (!isUpload(item)) {
    if (!existsSync(file)) gone.push(id);
    return;
  }
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes && sha256(bytes) === content) return;
  const what = `The picture of ${JSON.stringify(id)} ${bytes ? 'is damaged' : 'is gone'}: ${file}.`;
  found.problems.push({ ...problem(what, [id], 'Restore the file from a copy, or add the picture again.'), file });
}
