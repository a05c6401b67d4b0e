/** Features of a frozen picture encoder: computed once, kept as float16 by content and encoder, gathered from the page cache. */
import { setImmediate } from 'node:timers/promises';
import { LimnError } from '../../../core/errors.js';
import { limnHome } from '../../../core/files.js';
import { areFinite, writeFloat16 } from '../../../engine/tensor/float16.js';
import type { FrozenImageEncoder, ImageFeatureArrays } from '../image/image-encoder.js';
import { type BrokenImage, type CachedImages, cacheImages, type ImageCacheOptions } from './image-cache.js';
import { RecordStore } from './record-store.js';

/** Features of pictures, wherever they are kept. */
export type FeatureRows = Pick<FeatureTable, keyof FeatureTable>;

/** A record is the local features, then the global ones, float16. */
export class FeatureTable {
  readonly count: number;
  /** The picture of each row. */
  readonly ids: readonly string[];
  /** The pictures that were left out. */
  readonly broken: readonly BrokenImage[];
  private readonly places: Float64Array;
  private readonly rows: ReadonlyMap<string, number>;

  constructor(
    private readonly store: RecordStore,
    cached: CachedImages,
    readonly encoderId: string,
    readonly local: { readonly tokens: number; readonly channels: number },
    readonly global: { readonly channels: number },
  ) {
    this.ids = cached.ids;
    this.places = cached.places;
    this.broken = cached.broken;
    this.count = cached.ids.length;
    this.rows = new Map(cached.ids.map((id, row) => [id, row]));
  }

  /** The row of a picture, or nothing for one that is unknown or broken. */
  rowOf(id: string): number | undefined {
    return this.rows.get(id);
  }

  /**
   * Copies features of pictures, in the order of `rows`, as binary16 bits.
   *
   * @param localOut (rows, tokens, channels) or longer
   * @param globalOut (rows, channels) or longer
   * @throws LimnError USAGE for a row that does not exist or a target that is too short
   */
  gather(rows: ArrayLike<number>, localOut: Uint16Array, globalOut: Uint16Array): void {
    const localWidth = this.local.tokens * this.local.channels;
    requireRoom('local', localOut.length, rows.length * localWidth);
    requireRoom('global', globalOut.length, rows.length * this.global.channels);
    const places = new Float64Array(rows.length);
    for (let i = 0; i < places.length; i++) {
      const place = this.places[rows[i] as number];
      if (place === undefined) throw new LimnError('USAGE', `There is no row ${rows[i]}: the table has ${this.count} rows.`);
      places[i] = place;
    }
    this.store.gather(places, [
      { out: bytesOf(localOut), bytes: localWidth * 2 },
      { out: bytesOf(globalOut), bytes: this.global.channels * 2 },
    ]);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/**
 * Features of a list of pictures: from the cache where they are in it, otherwise computed, in batches, with decoding beside
 * encoding. A run that was killed continues where it was; several processes may fill one cache at once.
 *
 * @throws LimnError IMAGE, DATA, IO, INTERRUPTED as {@link cacheImages}; NOT_FINITE when the encoder gives no usable numbers
 */
export async function openFeatures(options: ImageCacheOptions & { encoder: FrozenImageEncoder }): Promise<FeatureTable> {
  const { encoder } = options;
  const localWidth = encoder.local.tokens * encoder.local.channels;
  const globalWidth = encoder.global.channels;
  const store = await RecordStore.open(options.directory ?? limnHome('features', encoder.id), 2 * (localWidth + globalWidth));
  const produce = async (images: Uint8Array[], names: string[]) => (await featureRecords(encoder, images, names)).map(bytesOf);
  try {
    const cached = await cacheImages(store, encoder.image, produce, { ...options, stage: 'encode pictures' });
    return new FeatureTable(store, cached, encoder.id, encoder.local, encoder.global);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Features of pictures as one record each: the local ones, then the global ones, as binary16 bits.
 *
 * @param images (size, size, 3) RGB @param names of the pictures, for error messages
 * @throws LimnError NOT_FINITE when the encoder gives no usable numbers
 */
export async function featureRecords(
  encoder: FrozenImageEncoder,
  images: readonly Uint8Array[],
  names: readonly string[],
): Promise<Uint16Array[]> {
  const localWidth = encoder.local.tokens * encoder.local.channels;
  const globalWidth = encoder.global.channels;
  const records: Uint16Array[] = [];
  const keep = (record: Uint16Array, finite: boolean) => {
    if (!finite) {
      const message = `The encoder ${encoder.id} gives NaN or values over 65504 for ${names[records.length]}. Use another one.`;
      throw new LimnError('NOT_FINITE', message);
    }
    records.push(record);
  };
  const write = async (features: ImageFeatureArrays) => {
    const count = features.global.length / globalWidth;
    for (let i = 0; i < count; i++) {
      await setImmediate();
      const record = new Uint16Array(localWidth + globalWidth);
      const local = writeFloat16(features.local.subarray(i * localWidth, (i + 1) * localWidth), record, 0);
      const global = writeFloat16(features.global.subarray(i * globalWidth, (i + 1) * globalWidth), record, localWidth);
      keep(record, local && global);
    }
  };
  const encode = async (group: readonly Uint8Array[]) => {
    const made = await encoder.records?.(group);
    if (made) {
      return async () => {
        for (const record of made) keep(record, areFinite(record));
      };
    }
    const features = await encoder.encode(group);
    return () => write(features);
  };
  // One run computes in its thread while this one writes what the run before gave.
  let writeLast = async () => {};
  for (let first = 0; first < images.length; first += encoder.batch) {
    const running = encode(images.slice(first, first + encoder.batch));
    running.catch(() => {});
    await writeLast();
    writeLast = async () => (await running)();
  }
  await writeLast();
  return records;
}

function requireRoom(which: string, length: number, needed: number): void {
  if (length < needed) throw new LimnError('USAGE', `The ${which} target has ${length} elements and needs ${needed}.`);
}

function bytesOf(values: Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
