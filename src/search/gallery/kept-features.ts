/**
 * Features of a gallery's images, kept in the feature cache (in LIMN_HOME, by content and encoder) when the images are indexed: a query about one of
 * them reads its features, and neither decodes nor encodes it. A model that was trained here on the same images has left theirs there already.
 *
 * It is a cache: where a record is missing or damaged, or the folder cannot be used, features are computed as without it.
 */
import { statfs } from 'node:fs/promises';
import { LimnError, messageOf } from '../../core/errors.js';
import { limnHome } from '../../core/files.js';
import type { ImageConfig } from '../../models/backbone/config.js';
import type { FeatureRows } from '../../models/encoders/cache/feature-cache.js';
import { type FeatureForm, rowsOfRecords } from '../../models/encoders/cache/feature-memory.js';
import { RecordStore } from '../../models/encoders/cache/record-store.js';
import { featureSource, type ImageFeatures } from '../../models/retrieval/image-features.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';

/** 32,000 images of MobileNetV2. */
const defaultMebibytes = 4096;
/** The part of a disk that is left free. */
const leftFree = 1 / 10;

export interface KeptFeaturesOptions {
  /** Bytes of the encoder's features at which no more are added. @default `LIMN_GALLERY_FEATURES` in MiB, or 4 GiB */
  budget?: number | undefined;
  /** How much of a folder's disk is free, from 0 to 1. @default asks the system */
  freeShare?: ((folder: string) => Promise<number>) | undefined;
}

export class KeptFeatures {
  private store: Promise<RecordStore | undefined> | undefined;
  private adding: Promise<unknown> = Promise.resolve();
  private readonly freeShare: (folder: string) => Promise<number>;
  /** Why features of images were not kept, and of how many. */
  readonly left = new Map<string, number>();

  private constructor(
    private readonly form: FeatureForm,
    private readonly config: ImageConfig,
    private readonly budget: number,
    { freeShare = shareOfDisk }: KeptFeaturesOptions,
  ) {
    this.freeShare = freeShare;
  }

  /** @returns nothing for a model whose images have no features of their own, and where none are to be kept @throws LimnError USAGE */
  static of({ config, parts }: RetrievalModel, options: KeptFeaturesOptions = {}): KeptFeatures | undefined {
    const { image } = config;
    const budget = options.budget ?? budgetSet();
    if (image.kind !== 'features' || budget === 0) return undefined;
    const { tokens, channels, globalChannels, colourChannels } = image;
    const form = {
      id: parts.encoder.id,
      local: { tokens, channels: channels + colourChannels },
      global: { channels: globalChannels + colourChannels },
    };
    return new KeptFeatures(form, image, budget, options);
  }

  /** Whether an image's features were kept. @param content SHA-256 of its file */
  async has(content: string): Promise<boolean> {
    return (await this.open())?.placeOf(content) !== undefined;
  }

  /** An image's features, as its encoder gave them; undefined where they were not kept, or are damaged. */
  async read(content: string): Promise<Pick<ImageFeatures, 'feeds'> | undefined> {
    const store = await this.open();
    try {
      const bytes = store?.read(content);
      if (!bytes) return undefined;
      return featureSource(rowsOfRecords(this.form, [new Uint16Array(bytes.buffer)], [content]), this.config);
    } catch {
      return undefined;
    }
  }

  /** Keeps features that are not there yet, as long as there is room. @param contents SHA-256 of each row's file */
  add(contents: readonly string[], features: FeatureRows): Promise<void> {
    const added = this.adding.then(() => this.addNow(contents, features));
    this.adding = added;
    return added;
  }

  /** Says what was not kept since the last call, a sentence a reason. */
  notes(): string[] {
    const notes = [...this.left].map(
      ([why, images]) =>
        `The features of ${images} images were not kept, so queries about them decode and encode them again: ${why}.`,
    );
    this.left.clear();
    return notes;
  }

  async close(): Promise<void> {
    await this.adding;
    const store = await this.store;
    this.store = Promise.resolve(undefined);
    await store?.close();
  }

  private async addNow(contents: readonly string[], features: FeatureRows): Promise<void> {
    const store = await this.open();
    if (!store) return;
    const fresh = new Map(contents.flatMap((key, row) => (store.placeOf(key) === undefined ? [[key, row] as const] : [])));
    if (fresh.size === 0) return;
    const room = Math.max(0, Math.floor(this.budget / store.recordBytes) - store.size);
    const isFull = (await this.freeShare(store.folder).catch(() => 1)) < leftFree;
    const kept = [...fresh].slice(0, isFull ? 0 : room);
    if (kept.length < fresh.size) {
      const why = isFull
        ? `less than ${100 * leftFree} % of the disk of ${store.folder} is free`
        : `${store.folder} has the ${Math.round(this.budget / 2 ** 20)} MiB of LIMN_GALLERY_FEATURES`;
      this.leave(why, fresh.size - kept.length);
    }
    try {
      await store.append(kept.map(([key, row]) => ({ key, bytes: recordOf(features, row, store.recordBytes) })));
    } catch (error) {
      this.leave(messageOf(error).replace(/\.$/, ''), kept.length);
    }
  }

  private leave(why: string, images: number): void {
    this.left.set(why, (this.left.get(why) ?? 0) + images);
  }

  private open(): Promise<RecordStore | undefined> {
    const { local, global, id } = this.form;
    this.store ??= RecordStore.open(limnHome('features', id), 2 * (local.tokens * local.channels + global.channels)).catch(
      () => undefined,
    );
    return this.store;
  }
}

/** The features of a row as the cache has them: local, then global, binary16. */
function recordOf(features: FeatureRows, row: number, bytes: number): Uint8Array {
  const record = new Uint16Array(bytes / 2);
  const localWidth = features.local.tokens * features.local.channels;
  features.gather([row], record.subarray(0, localWidth), record.subarray(localWidth));
  return new Uint8Array(record.buffer);
}

async function shareOfDisk(folder: string): Promise<number> {
  const { bavail, blocks } = await statfs(folder);
  return bavail / blocks;
}

function budgetSet(): number {
  const set = process.env.LIMN_GALLERY_FEATURES;
  const given = Number(set || defaultMebibytes);
  if (Number.isFinite(given) && given >= 0) return given * 2 ** 20;
  const message = `LIMN_GALLERY_FEATURES is "${set}": give the MiB of features that indexing may keep, 0 for none.`;
  throw new LimnError('USAGE', message, { details: { set } });
}
