/** A folder of pictures that can be searched with a picture and a sentence. */
import { join } from 'node:path';
import { LimnError } from '../core/errors.js';
import type { LimnModel } from '../models/limn-model.js';
import type { PictureReader } from '../models/picture-reader.js';
import type { PictureSource } from '../models/picture-source.js';
import { openStore } from '../store/open-store.js';
import type { FolderReference, GalleryStore, StoredItem } from '../store/store.js';
import { findFolder, openRememberedModel, requireSameModel } from './find-model.js';
import { type IndexOptions, indexPictures } from './index-pictures.js';
import { withQueryPicture } from './query-picture.js';
import { type Candidate, checkRanking, leastCandidates, rerank } from './rerank.js';

export interface SearchOptions {
  /** The reference: a path, or the bytes of a picture file. A model that reads only texts needs none. */
  image?: string | Uint8Array | undefined;
  /** What to change, e.g. "the same in red, with short sleeves". A model that reads only pictures needs none. */
  text?: string | undefined;
  /** How many hits. @default 10, or all pictures of a smaller gallery */
  k?: number | undefined;
  /** The weight of each factor in the score. @default 1 / K for each of the K factors */
  weights?: readonly number[] | undefined;
  /** Leave out the pictures whose file is, byte by byte, the reference. @default true */
  excludeReference?: boolean | undefined;
}

export interface Hit {
  /** The picture's path inside the indexed folder. */
  id: string;
  /** Where its file lies. */
  path: string;
  /** From 1. */
  rank: number;
  /** `matching` plus the sum of `factors`. */
  score: number;
  /** How well the matching tokens agree, -1 to 1. */
  matching: number;
  /** Each factor's share of the score: gamma * w_k * cos of the factor's vectors. Empty for methods without factors. */
  factors: number[];
}

export class Gallery {
  private reader: Promise<PictureReader> | undefined;

  private constructor(
    /** The gallery's own folder. */
    readonly folder: string,
    /** Where its pictures lie. */
    readonly images: string,
    readonly model: LimnModel,
    private readonly ownsModel: boolean,
    private readonly store: GalleryStore,
    private readonly items: readonly StoredItem[],
    /** Pictures that could not be read when the gallery was made here, with the reason. */
    readonly skipped: readonly { id: string; reason: string }[],
  ) {}

  /** Indexes a folder of pictures. Options and errors are those of {@link indexPictures}; the model stays the caller's. */
  static async create(options: IndexOptions): Promise<Gallery> {
    const reader = await options.model.openReader();
    try {
      const { store, skipped } = await indexPictures(reader, options);
      const items = await allItems(store);
      const gallery = new Gallery(options.out, options.images, options.model, false, store, items, skipped);
      gallery.reader = Promise.resolve(reader);
      return gallery;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  /**
   * Opens a gallery that was made before.
   *
   * @param options.model the model that it was indexed with; it stays the caller's. @default found where it was
   * @throws LimnError GALLERY when there is no gallery, it is damaged, or the model is gone or another one
   */
  static async open(folder: string, options: { model?: LimnModel | undefined } = {}): Promise<Gallery> {
    const store = await openStore(folder);
    try {
      const { info } = store;
      if (options.model) requireSameModel(options.model, info, folder);
      const model = options.model ?? (await openRememberedModel(info, folder));
      const reference = info.images as FolderReference;
      const images = findFolder(reference, folder) ?? reference.absolute;
      return new Gallery(folder, images, model, !options.model, store, await allItems(store), []);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** How many pictures can be found. */
  get size(): number {
    return this.items.length;
  }

  /** Ids of all pictures, in order. */
  get ids(): string[] {
    return this.items.map(({ id }) => id);
  }

  /**
   * Finds the pictures that match a reference picture changed as a text says.
   *
   * @example
   * const hits = await gallery.search({ image: 'dress.jpg', text: 'shorter and in red', k: 5 });
   * @returns best first; fewer than k only where the reference is left out of a gallery that small
   * @throws LimnError USAGE for an empty text, a missing picture, or a k above the gallery's size; IMAGE for a broken picture
   */
  async search(options: SearchOptions): Promise<Hit[]> {
    const { image, text, weights, excludeReference = true } = options;
    const { sees } = this.model;
    const k = options.k ?? Math.min(10, this.size);
    const { gamma, sizes } = this.store.info;
    checkRanking(k, weights, this.size, sizes.factors);
    if (sees.text) this.model.checkText(text ?? '');
    if (sees.picture && image === undefined)
      throw new LimnError('USAGE', 'There is no reference picture: give one as the image.');
    const find = async (pictures: PictureSource, content?: string) => {
      const { matching, factorVectors } = await this.model.embedQueries(pictures, [0], [text ?? '']);
      const exclude = excludeReference ? this.items.filter((item) => item.content === content).map(({ id }) => id) : [];
      const candidates = await this.candidates(matching, Math.max(k, leastCandidates), exclude);
      return rerank(candidates, { matching, factors: factorVectors, gamma, sizes, weights }).slice(0, k);
    };
    const found = image === undefined ? await find(noPictures) : await withQueryPicture(await this.openReader(), image, find);
    return found.map(({ item, rank, score, matching, factors }) => ({
      id: item.id,
      path: join(this.images, item.id),
      rank,
      score,
      matching,
      factors,
    }));
  }

  /** Ends the threads of the gallery, and of its model unless that was given. */
  async close(): Promise<void> {
    await this.store.close();
    await (await this.reader)?.close();
    this.reader = undefined;
    if (this.ownsModel) await this.model.close();
  }

  /** The pictures that the matching token finds, with their vectors. */
  private async candidates(vector: Float32Array, limit: number, exclude: readonly string[]): Promise<Candidate[]> {
    const hits = await this.store.search({ vector, limit, exclude });
    const vectors = await this.store.vectors(hits.map(({ item }) => item.id));
    return hits.flatMap(({ item }, i) => {
      const found = vectors[i];
      return found ? [{ item, ...found }] : [];
    });
  }

  private openReader(): Promise<PictureReader> {
    this.reader ??= this.model.openReader().catch((error) => {
      this.reader = undefined;
      throw error;
    });
    return this.reader;
  }
}

/** All pictures, in the order of their ids. */
async function allItems(store: GalleryStore): Promise<StoredItem[]> {
  const count = await store.count();
  return count === 0 ? [] : store.list({ limit: count });
}

/** For models whose queries see no picture. */
const noPictures = { feeds: () => ({}) } as unknown as PictureSource;
