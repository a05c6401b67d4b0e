/**
 * The pipeline that fills a record store from picture files: hashing and decoding run ahead of the producer (an encoder, or
 * nothing but copying) by a bounded number of pictures, and each finished batch is on disk before the next one's.
 */
import { stat } from 'node:fs/promises';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { sha256 } from '../../../core/files.js';
import type { OnProgress } from '../../../core/progress.js';
import { decodeImage, type ImageSettings, readImage } from '../image/image.js';
import { ContentMemo, damageNotes } from './content-memo.js';
import type { Place, RecordStore } from './record-store.js';

export interface ImageFile {
  /** Unique in the list. */
  id: string;
  path: string;
}

export interface BrokenImage extends ImageFile {
  /** Why it could not be read, naming the file. */
  reason: string;
}

/** How image features are computed and cached. */
export interface ImageCacheOptions {
  /** The images to read. */
  images: readonly ImageFile[];
  /** The folder of the cache. @default a folder of LIMN_HOME that is named after the producer */
  directory?: string;
  /** Pictures that are encoded and written together; a crash loses at most two such batches. @default 32 */
  batchSize?: number;
  /** What a picture that cannot be read does: stop with its error, or be left out and listed. @default 'error' */
  onBroken?: 'error' | 'skip';
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where content hashes are remembered. @default a file of LIMN_HOME */
  memoFile?: string;
}

export interface CachedImages {
  /** One a row, in the order of the list, without the broken ones. */
  ids: string[];
  places: Float64Array;
  broken: BrokenImage[];
}

type DecodedFile = { image: ImageFile } & ({ key: string; pixels?: Uint8Array } | { broken: LimnError });

const ahead = 16;

/**
 * Makes sure that the store has a record of every picture, and says where.
 *
 * @param produce one record for each image of (size, size, 3) RGB bytes; `names` are the files, for error messages
 * @throws LimnError IMAGE for the first broken picture unless they are skipped, DATA for a list that is empty, has an id twice
 *   or only broken pictures, INTERRUPTED; what was encoded until then is kept
 */
export async function cacheImages(
  store: RecordStore,
  settings: ImageSettings,
  produce: (images: Uint8Array[], names: string[]) => Promise<Uint8Array[]>,
  options: ImageCacheOptions & { stage: string },
): Promise<CachedImages> {
  const { images, batchSize = 32, onBroken = 'error', signal, onProgress, stage } = options;
  checkList(images);
  const memo = await ContentMemo.open(options.memoFile);
  const rows: { id: string; key: string }[] = [];
  const broken: BrokenImage[] = [];
  const underway = new Set<string>();
  let batch: { key: string; pixels: Uint8Array; path: string }[] = [];
  let working: Promise<void> = Promise.resolve();
  let done = 0;
  let cached = 0;

  const flush = async () => {
    await working;
    const group = batch;
    batch = [];
    const work = async () => {
      const images = group.map(({ pixels }) => pixels);
      const records = await produce(
        images,
        group.map(({ path }) => path),
      );
      await store.append(group.map(({ key }, i) => ({ key, bytes: records[i] as Uint8Array })));
      await memo.save();
      done += group.length;
      report();
    };
    working = work();
    // Awaited at the next flush; until then a failure must not count as unhandled.
    working.catch(() => {});
  };
  const report = () => {
    const notes = [...(cached ? [`${cached} from the cache`] : []), ...damageNotes(store.damaged + memo.damaged)];
    onProgress?.({ stage, done, total: images.length, ...(notes.length > 0 ? { note: notes.join(', ') } : {}) });
  };

  try {
    for await (const prepared of mapAhead(images, ahead, (image) => prepare(image, store, settings, memo))) {
      throwIfAborted(signal, 'reading pictures; what is done is kept');
      const { image } = prepared;
      if ('broken' in prepared) {
        if (onBroken === 'error') throw prepared.broken;
        broken.push({ ...image, reason: messageOf(prepared.broken) });
        done++;
        continue;
      }
      const { key, pixels } = prepared;
      rows.push({ id: image.id, key });
      if (!pixels || underway.has(key)) {
        done++;
        if (++cached % 1000 === 0) report();
        continue;
      }
      underway.add(key);
      batch.push({ key, pixels, path: image.path });
      if (batch.length >= batchSize) await flush();
    }
    if (batch.length > 0) await flush();
  } finally {
    await working.finally(() => memo.save());
  }
  report();
  if (rows.length === 0) {
    throw new LimnError('DATA', `None of the ${images.length} pictures can be read. The first: ${broken[0]?.reason}`);
  }
  return {
    ids: rows.map(({ id }) => id),
    places: Float64Array.from(rows, ({ key }) => store.placeOf(key) as Place),
    broken,
  };
}

/** Hashes a picture and, when the store does not have it, decodes it. The file is read once at most. */
async function prepare(image: ImageFile, store: RecordStore, settings: ImageSettings, memo: ContentMemo): Promise<DecodedFile> {
  try {
    const state = await stat(image.path).catch(() => undefined);
    const known = state && memo.get(image.path, state);
    if (known && store.placeOf(known) !== undefined) return { image, key: known };
    const bytes = await readImage(image.path);
    const key = sha256(bytes);
    if (state && state.size === bytes.length) memo.set(image.path, state, key);
    if (store.placeOf(key) !== undefined) return { image, key };
    return { image, key, pixels: await decodeImage(bytes, { ...settings, label: image.path }) };
  } catch (error) {
    if (LimnError.isInstance(error) && error.code === 'IMAGE') return { image, broken: error };
    throw error;
  }
}

/** Results in order, with up to `limit` items being worked on. */
async function* mapAhead<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const underway: Promise<R>[] = [];
  for (let next = 0; next < items.length || underway.length > 0; ) {
    while (underway.length < limit && next < items.length) {
      const started = work(items[next++] as T);
      started.catch(() => {});
      underway.push(started);
    }
    yield (await underway.shift()) as R;
  }
}

function checkList(images: readonly ImageFile[]): void {
  if (images.length === 0) throw new LimnError('DATA', 'There are no pictures. Name a folder or a list that has some.');
  const seen = new Set<string>();
  for (const { id } of images) {
    if (seen.has(id)) throw new LimnError('DATA', `The picture id ${id} is in the list twice. Ids must be unique.`);
    seen.add(id);
  }
}
