/**
 * Pictures that can be searched with a picture and a sentence: embeddings and metadata in a store, the picture files where they are,
 * and the model that embedded them.
 */
import { join } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { halfOfThreads } from '../../engine/runtime/session.js';
import { methodOf } from '../../models/methods/methods.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { checkNewId } from '../store/check.js';
import { usableStore } from '../store/define-store.js';
import { parseFilter } from '../store/filter-parse.js';
import type { ItemMetadata } from '../store/metadata.js';
import { openStore } from '../store/open-store.js';
import type { GalleryStore, StoredItem } from '../store/store.js';
import { type DecodedImage, Embedder } from './embedder.js';
import { explainHit } from './explain/explain.js';
import { type GalleryFacts, learnFacts, readFacts, saveFacts } from './explain/facts.js';
import type { Field } from './explain/fields.js';
import { openRememberedModel, requireSameModel } from './find-model.js';
import { ImageFiles } from './image-files.js';
import { type InTurn, immediately } from './in-turn.js';
import { type ImageList, isUrl, type ListedImage, listOf } from './ingest/image-list.js';
import { type Ingest, type IngestOptions, type IngestReport, ingest, newReport } from './ingest/ingest.js';
import { type FetchLimits, SafeFetcher } from './ingest/safe-fetch.js';
import { KeptFeatures } from './kept-features.js';
import { findFolder, givenStore, localFolder } from './locations.js';
import { type ImageLocations, openOrCreateStore, readSources, requireStore } from './make-gallery.js';
import { missingImages } from './missing-images.js';
import { markUploads, sweepUploads, sweptNote, type UploadOf } from './pending-uploads.js';
import { Composer } from './search/compose.js';
import { type FoundHits, searchNotes } from './search/search-notes.js';
import { Searcher } from './search/searcher.js';
import type { Explanation, SearchAnswer, SearchRequest } from './search-types.js';
import { Suggester, type Suggestions, type SuggestRequest, withoutTexts } from './suggest/suggester.js';
import { cachedThumbnail } from './thumbnails.js';
import { isUpload, placeUpload, removeUploads } from './uploads.js';

/** Options of all ways to open a gallery. */
export interface GalleryOptions {
  /** Whether pictures are fetched from URLs, with which limits. @default false: none are */
  urls?: boolean | FetchLimits | undefined;
  /** Pictures with more pixels are refused before they are decoded. @default 268402689 */
  pixelLimit?: number | undefined;
  /** Told what a person should know and no report says, in a sentence. @default nobody */
  onNote?: ((note: string) => void) | undefined;
}

/** Options of {@link Gallery.open}. */
export interface OpenOptions extends GalleryOptions {
  /** The model that the gallery was indexed with; it stays the caller's. @default found where it was */
  model?: RetrievalModel | undefined;
  /** The folder of the pictures, as this machine calls it. @default found where it was */
  images?: string | undefined;
}

/** Options of {@link Gallery.create}. */
export interface CreateOptions extends GalleryOptions, ImageLocations, IngestOptions {
  /** A model that was opened from its folder, where the gallery will look for it again. It stays the caller's. */
  model: RetrievalModel;
  /** Where the gallery is kept: a folder, or another store's location. A gallery that is there is brought up to date. */
  out?: string | undefined;
  /**
   * An open store in place of `out`, of the same model and images; see {@link galleryInfo}. It stays the caller's, who closes it behind the
   * gallery.
   */
  store?: GalleryStore | undefined;
  /** Paths inside `images` to index, in place of all of its pictures. */
  files?: readonly string[] | undefined;
  /** Make the gallery anew where there is one already, for instance of another model. @default false */
  replace?: boolean | undefined;
  /** Who embeds the pictures. @default this process */
  ingest?: Ingest | undefined;
}

/** Options of {@link Gallery.update}. */
export interface UpdateOptions extends ImageLocations, IngestOptions {}

/** A picture to add: the bytes of its file, or where it is. */
export interface NewItem {
  /** Unique: a picture that has it is replaced. */
  id: string;
  /** The picture's file; it is kept in the images folder. */
  bytes?: Uint8Array | undefined;
  /** A path inside the images folder, or a URL, where no bytes are given. */
  location?: string | undefined;
  /** The image's metadata. @default {} */
  metadata?: ItemMetadata | undefined;
}

/** What {@link Gallery.describe} says. */
export interface GalleryDescription {
  /** How many images the gallery has. */
  count: number;
  /** The hash of the model's weights, and its image encoder. */
  model: { hash: string; encoder: string };
  /** A name for each factor. */
  factors: string[];
  /** Fields of the metadata, with their most frequent values. */
  fields: Field[];
}

/** A list of so many pictures is worth an encoder of its own. */
const bulkImages = 64;

/** What a gallery has opened, and closes. */
interface Owned {
  model: boolean;
  store: boolean;
}

interface GalleryParts {
  location: string;
  model: RetrievalModel;
  store: GalleryStore;
  owned: Owned;
  /** The images folder as the caller calls it. @default found from where it was */
  images?: string | undefined;
  options: GalleryOptions;
}

/** Images with their embeddings and metadata, which can be searched. */
export class Gallery {
  /** What the last {@link create} or {@link update} did. */
  report: IngestReport = newReport();
  /** Where the gallery is kept; "store://given" for a store that the caller opened. */
  readonly location: string;
  /** The model that embeds images and queries. */
  readonly model: RetrievalModel;
  private readonly owned: Owned;
  private readonly store: GalleryStore;
  private readonly files: ImageFiles;
  private readonly onNote: (note: string) => void;
  private readonly limits: { pixelLimit?: number };
  private readonly kept: KeptFeatures | undefined;
  private readonly embedder: Embedder;
  private readonly composer: Composer;
  private readonly searcher: Searcher;
  private known: Promise<GalleryFacts> | undefined;
  private suggester: Promise<Suggester> | undefined;
  /** Pictures are added and removed one call after another, so that none takes the file of another's picture. */
  private changing: Promise<unknown> = Promise.resolve();
  private swept: Promise<void> | undefined;

  private constructor({ location, model, store, owned, images: given, options }: GalleryParts) {
    const { urls = false, pixelLimit, onNote = () => {} } = options;
    const { images } = store.info;
    const folder = given ?? (images && (findFolder(images, localFolder(location)) ?? images.absolute));
    const fetcher = urls === false ? undefined : new SafeFetcher(urls === true ? {} : urls);
    this.location = location;
    this.model = model;
    this.owned = owned;
    this.store = store;
    this.files = new ImageFiles(folder, fetcher);
    this.onNote = onNote;
    this.limits = pixelLimit === undefined ? {} : { pixelLimit };
    this.kept = KeptFeatures.of(model);
    this.embedder = new Embedder(model, { limits: this.limits, kept: this.kept });
    this.composer = new Composer(store, this.embedder, this.files);
    this.searcher = new Searcher(store, this.composer, {
      sees: model.sees,
      factors: methodOf(model.config).factors(model.config),
      checkText: (text) => model.checkText(text),
    });
  }

  /**
   * Makes a gallery, or brings the one that is there up to date: pictures whose content is known are not embedded again.
   *
   * @throws LimnError as {@link update}; GALLERY for a gallery of another model or of pictures in another folder, unless it is replaced;
   * USAGE for a model that was never saved
   */
  static async create(options: CreateOptions): Promise<Gallery> {
    const { model, out = givenStore, replace, files } = options;
    if ((options.out === undefined) === (options.store === undefined)) {
      throw new LimnError('USAGE', 'Say where the gallery is kept: give either `out` or an open `store`.');
    }
    if (options.store && replace) {
      throw new LimnError(
        'USAGE',
        'A store that is open cannot be replaced: make it anew with createStore, or give its location.',
      );
    }
    const { list, images } = files ? namedFiles(options) : await readSources(options);
    const store = options.store
      ? requireStore(usableStore(options.store, 'The given store'), model, images)
      : await openOrCreateStore({ location: out, model, images, replace });
    const owned = { model: false, store: options.store === undefined };
    const gallery = new Gallery({ location: out, model, store, owned, images, options });
    try {
      await gallery.ingest(list, options, options.ingest);
      return gallery;
    } catch (error) {
      await gallery.close();
      throw error;
    }
  }

  /**
   * Opens a gallery that was made before.
   *
   * @param place its location, or an open store, which stays the caller's, who closes it behind the gallery
   * @throws LimnError GALLERY when there is no gallery, it is damaged, or the model is gone or another one; STORE
   */
  static async open(place: string | GalleryStore, options: OpenOptions = {}): Promise<Gallery> {
    const isGiven = typeof place !== 'string';
    const location = isGiven ? givenStore : place;
    const store = isGiven ? usableStore(place, 'The given store') : await openStore(place);
    try {
      if (options.model) requireSameModel(options.model, store.info, location);
      const model = options.model ?? (await openRememberedModel(store.info, location));
      const owned = { model: !options.model, store: !isGiven };
      return new Gallery({ location, model, store, owned, images: options.images, options });
    } catch (error) {
      if (!isGiven) await store.close();
      throw error;
    }
  }

  /** Where the pictures lie; undefined where all are URLs. */
  get images(): string | undefined {
    return this.files.folder;
  }

  /**
   * Brings the gallery up to date with its sources: new pictures come in, changed ones are embedded again, and with `prune` those that
   * are gone are deleted. What is written stays when it is stopped, and the same call resumes.
   *
   * @throws LimnError DATA for sources without pictures, IMAGE for the first broken one unless they are skipped, STORE, INTERRUPTED
   */
  async update(options: UpdateOptions = {}): Promise<IngestReport> {
    const { list } = await readSources({ ...options, images: options.images ?? this.images });
    return this.ingest(list, options);
  }

  /**
   * The pictures that match references changed as texts say; see {@link SearchRequest}.
   *
   * @example
   * const { hits } = await gallery.search({ references: [{ path: 'dress.jpg' }], texts: ['shorter and in red'], k: 5 });
   * @throws LimnError USAGE for a request that cannot be answered, IMAGE for a broken picture, INTERRUPTED
   */
  async search(request: SearchRequest): Promise<SearchAnswer> {
    const [answer] = await this.searchMany([request]);
    return answer as SearchAnswer;
  }

  /** Several searches, whose pictures and texts are embedded together. @throws LimnError for the first that cannot be answered */
  async searchMany(requests: readonly SearchRequest[]): Promise<SearchAnswer[]> {
    const settled = await this.searchAll(requests);
    return settled.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  /** As {@link searchMany}, with each request's own answer or error. */
  searchAll(requests: readonly SearchRequest[]): Promise<PromiseSettledResult<SearchAnswer>[]> {
    return this.searcher.searchAll(requests);
  }

  /**
   * What a person should know of an answer: that nothing matches the filter, that it names a field which no picture has, or that the
   * offset passes over all hits. Sentences; none where there is nothing to say.
   *
   * @throws LimnError USAGE for a filter that cannot be read
   */
  async notesOn(request: Pick<SearchRequest, 'filter' | 'offset'>, answer: FoundHits): Promise<string[]> {
    if (answer.hits.length > 0 && (request.filter ?? '').trim() === '') return [];
    return searchNotes(this.store, await this.fields(), request, answer);
  }

  /**
   * Why a picture is a hit of a search: each factor's share of its score, and where the factor looks, in the first reference and in the
   * picture. The heat maps lie over the whole pictures. Models whose local features are no grid have one cell.
   *
   * @throws LimnError USAGE for a bad request or an unknown id, IMAGE for a picture that cannot be read
   */
  async explain(request: SearchRequest, hitId: string, inTurn: InTurn = immediately): Promise<Explanation> {
    const { store, embedder, files, composer, searcher } = this;
    return explainHit({ store, embedder, files, composer, searcher, names: await this.factorNames(), inTurn }, request, hitId);
  }

  /**
   * Decodes the pictures that a search will need, one after the other, each when it is its turn, so that the search itself waits for none
   * of them.
   *
   * @returns the request with these pictures, to be searched with or explained
   * @throws LimnError as {@link search}
   */
  async decodeAhead(request: SearchRequest, inTurn: InTurn): Promise<SearchRequest> {
    return { ...request, decoded: await this.searcher.decodeAhead(request, inTurn) };
  }

  /**
   * Adds pictures, or replaces those of the same ids; all of them, or none when one is broken. Searches see them when this resolves.
   *
   * @param inTurn when the pictures that are given as bytes are decoded, which is before the call waits for others that add or remove
   * @throws LimnError IMAGE for a broken picture; USAGE for a bad id or metadata, or bytes where the gallery has no images folder
   */
  async add(items: readonly NewItem[], inTurn: InTurn = immediately): Promise<StoredItem[]> {
    for (const { id } of items) checkNewId(id);
    const decoded = new Map<Uint8Array, DecodedImage>();
    for (const { id, bytes } of items) {
      if (bytes) decoded.set(bytes, await inTurn(bytes, () => this.embedder.decode(bytes, `The picture ${JSON.stringify(id)}`)));
    }
    return this.exclusive(() => this.addNow(items, decoded));
  }

  /** Deletes pictures; files are deleted only of those that were added as bytes. @returns how many there were */
  async remove(ids: readonly string[]): Promise<number> {
    return this.exclusive(async () => {
      await this.sweep();
      const items = await this.store.get(ids);
      const marked = await this.mark(uploadsOf(items));
      const removed = await this.store.delete(ids).catch((error) => {
        marked?.leave();
        this.swept = undefined;
        throw error;
      });
      await removeUploads(this.images, locationsOf(items));
      await marked?.settle();
      return removed;
    });
  }

  /**
   * Brings some pictures of a longer list up to date, in one write: all of them but for those that cannot be read. Indexes, and what is
   * known of the gallery as a whole, stay as they are.
   */
  async upsert(images: readonly ListedImage[], options: Pick<IngestOptions, 'refresh' | 'signal'> = {}): Promise<IngestReport> {
    // Whoever made the list has decided which metadata are kept.
    const whole = { onBroken: 'skip', optimise: false, atomic: true, replaceMetadata: true } as const;
    return ingest(this.tools, listOf(images), { ...options, ...whole });
  }

  /** @deprecated it is called {@link upsert} */
  bring(images: readonly ListedImage[], options?: Pick<IngestOptions, 'refresh' | 'signal'>): Promise<IngestReport> {
    return this.upsert(images, options);
  }

  /** The image of this id; undefined if there is none. */
  async get(id: string): Promise<StoredItem | undefined> {
    const [item] = await this.store.get([id]);
    return item;
  }

  /** Pictures in the order of their ids, those behind `after`. @throws LimnError USAGE for a filter that cannot be read */
  list(query: {
    after?: string | undefined;
    /** The maximum number of images. */
    limit: number;
    filter?: string | undefined;
  }): Promise<StoredItem[]> {
    const { after, limit, filter } = query;
    return this.store.list({ after, limit, filter: filter === undefined ? undefined : parseFilter(filter) });
  }

  /** How many pictures there are. @throws LimnError USAGE for a filter that cannot be read */
  count(filter?: string): Promise<number> {
    return this.store.count(filter === undefined ? undefined : parseFilter(filter));
  }

  /** Where a picture is, for people: the path of its file, or its URL. */
  pathOf({ location }: StoredItem): string {
    return this.files.nameOf(location);
  }

  /** Says in a sentence that pictures are no longer where the gallery looks for them; undefined where the first ones are there. */
  missingImages(): Promise<string | undefined> {
    return missingImages(this.store, this.files);
  }

  /**
   * The bytes of a picture's file, which is never one outside the images folder; undefined for an unknown id.
   *
   * @throws LimnError IMAGE for a file that is gone or cannot be read; USAGE for a URL where none are fetched
   */
  async image(id: string): Promise<Uint8Array | undefined> {
    const item = await this.get(id);
    return item && this.files.read(item.location);
  }

  /** @deprecated it is called {@link image} */
  picture(id: string): Promise<Uint8Array | undefined> {
    return this.image(id);
  }

  /**
   * A JPEG of a picture, at most 320 pixels a side, kept in LIMN_HOME; undefined for an unknown id.
   *
   * @param inTurn when the picture is decoded, if there is no copy of it yet
   * @throws as {@link image}
   */
  async thumbnail(id: string, inTurn?: InTurn): Promise<Uint8Array | undefined> {
    const item = await this.get(id);
    return item && cachedThumbnail(item.content, () => this.files.read(item.location), this.limits.pixelLimit, inTurn);
  }

  /** A name for each factor: the value or word that it follows most clearly, or "factor 3". */
  async factorNames(): Promise<string[]> {
    return (await this.facts()).factors;
  }

  /** The fields of the metadata, as {@link factorNames} learned when the gallery was last indexed. */
  async fields(): Promise<Field[]> {
    return (await this.facts()).fields;
  }

  /**
   * What a person can say next: texts of the model's training, or of a model that kept none of what is known of the gallery; and the words
   * that the model has never seen; and filters that its texts say in words ("Nike", "under 50"), of the values that {@link fields} lists.
   *
   * @param request.reference the id of a picture of the gallery, whose own values are not suggested
   */
  async suggest({
    reference,
    ...request
  }: Omit<SuggestRequest, 'metadata' | 'seed'> & {
    /** Id of the image that is to be changed; its own values are not suggested. @default none */
    reference?: string | undefined;
  }): Promise<Suggestions> {
    const { model } = this;
    this.suggester ??= this.fields().then((fields) => {
      if (!model.sees.text) return new Suggester({ ...withoutTexts, fields });
      const { vocabulary, texts } = model.parts;
      return new Suggester({ vocabulary, texts, wholeWords: model.config.text.kind === 'words', fields });
    });
    const suggester = await this.suggester.catch((error) => {
      this.suggester = undefined;
      throw error;
    });
    const metadata = reference === undefined ? undefined : (await this.get(reference))?.metadata;
    return suggester.suggest({ ...request, metadata, seed: reference ?? '' });
  }

  /** The number of images, the model, names of factors, and fields to filter by. */
  async describe(): Promise<GalleryDescription> {
    const { hash, encoder } = this.store.info.model;
    const [count, facts] = await Promise.all([this.count(), this.facts()]);
    return { count, model: { hash, encoder }, ...facts };
  }

  /** Ends the threads of the gallery, and closes its store and its model unless they were given. */
  async close(): Promise<void> {
    if (this.owned.store) await this.store.close();
    await this.embedder.close();
    await this.kept?.close();
    await this.files.fetcher?.close();
    if (this.owned.model) await this.model.close();
  }

  private async ingest(list: ImageList, options: IngestOptions, ingestInstead?: Ingest): Promise<IngestReport> {
    this.report = ingestInstead
      ? await ingestInstead(this.tools, list, options)
      : await this.inBulk(list, (embedder) => ingest({ ...this.tools, embedder }, list, options));
    if (this.images !== undefined) {
      const swept = await this.sweepAfterIngest(this.images);
      if (swept !== undefined) this.report.notes.push(swept);
    }
    const { added, replaced, updated, removed } = this.report;
    // What others wrote for an earlier call is in no report.
    if (ingestInstead || added + replaced + updated + removed > 0 || !(await readFacts(this.store, this.location))) {
      this.known = saveFacts(this.store, this.location);
      this.suggester = undefined;
      await this.known;
    }
    return this.report;
  }

  /**
   * Long lists have an embedder of their own. Its two graphs work side by side, which is faster on half of the threads each than on all; and
   * searches meanwhile do not stand in line behind its batches.
   */
  private async inBulk<T>(list: ImageList, work: (embedder: Embedder) => Promise<T>): Promise<T> {
    if (list.total < bulkImages) return work(this.embedder);
    const embedder = new Embedder(this.model, { limits: this.limits, threads: halfOfThreads(), kept: this.kept });
    return work(embedder).finally(() => embedder.close());
  }

  private async addNow(items: readonly NewItem[], decoded: ReadonlyMap<Uint8Array, DecodedImage>): Promise<StoredItem[]> {
    await this.sweep();
    const before = await this.store.get(items.map(({ id }) => id));
    const written: UploadOf[] = [];
    const listed: ListedImage[] = [];
    for (const { id, bytes, location, metadata = {} } of items) {
      if (bytes) {
        const place = await placeUpload(id, bytes);
        this.requireImages();
        written.push({ id, location: place });
        listed.push({ id, bytes, decoded: decoded.get(bytes), metadata, location: place });
      } else if (location !== undefined) listed.push({ id, location, metadata });
      else throw new LimnError('USAGE', `The picture ${JSON.stringify(id)} has neither bytes nor a location.`);
    }
    const places = written.map(({ location }) => location);
    const marked = await this.mark([...written, ...uploadsOf(before)]);
    try {
      for (const { bytes, location } of listed) {
        if (bytes) await writeFileAtomic(join(this.requireImages(), location), bytes);
      }
      await ingest(this.tools, listOf(listed), { optimise: false, atomic: true, replaceMetadata: true });
    } catch (error) {
      // A store that broke may have written what it could not answer: its pictures keep their files until a later call has looked.
      if (LimnError.isInstance(error) && error.code !== 'STORE') {
        await removeUploads(this.images, places);
        await marked?.settle();
      } else {
        marked?.leave();
        this.swept = undefined;
      }
      throw error;
    }
    const added = (await this.store.get(items.map(({ id }) => id))).filter((item) => item !== undefined);
    // Its own too, where another server has replaced the picture by now.
    await removeUploads(this.images, without([...locationsOf(before), ...places], added));
    await marked?.settle();
    return added;
  }

  /** Before the first write: removes uploads that a killed process left without an item. @throws LimnError STORE where another process writes */
  private sweep(): Promise<void> {
    const { images, store, location } = this;
    if (images === undefined) return Promise.resolve();
    this.swept ??= (async () => {
      await store.beginWriting?.();
      const note = sweptNote(await sweepUploads(images, location, store));
      if (note !== undefined) this.onNote(note);
    })().catch((error) => {
      this.swept = undefined;
      throw error;
    });
    return this.swept;
  }

  /** As {@link sweep}, unless another process writes: that one has swept. @returns what was found, in a sentence */
  private async sweepAfterIngest(images: string): Promise<string | undefined> {
    try {
      await this.store.beginWriting?.();
    } catch (error) {
      if (LimnError.isInstance(error) && error.details.lock !== undefined) return undefined;
      throw error;
    }
    return sweptNote(await sweepUploads(images, this.location, this.store));
  }

  private async mark(uploads: readonly UploadOf[]) {
    return this.images === undefined || uploads.length === 0
      ? undefined
      : markUploads({ images: this.images, gallery: this.location }, uploads);
  }

  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const next = this.changing.then(work);
    this.changing = next.catch(() => {});
    return next;
  }

  private facts(): Promise<GalleryFacts> {
    this.known ??= readFacts(this.store, this.location)
      .then((facts) => facts ?? learnFacts(this.store))
      .catch((error) => {
        this.known = undefined;
        throw error;
      });
    return this.known;
  }

  private get tools() {
    return { store: this.store, embedder: this.embedder, files: this.files };
  }

  private requireImages(): string {
    if (this.images !== undefined) return this.images;
    throw new LimnError('USAGE', 'The gallery has no images folder that could keep the picture: give the URL of it.');
  }
}

/** Some files of a folder as a list. */
function namedFiles({ images, files = [] }: CreateOptions): { list: ImageList; images: string | undefined } {
  if (images === undefined) throw new LimnError('USAGE', '`files` are paths inside a folder: give that folder as `images`.');
  return { list: listOf(files.map((path) => ({ id: path, location: path, metadata: {} }))), images };
}

const uploadsOf = (items: readonly (StoredItem | undefined)[]): UploadOf[] =>
  items.flatMap((item) => (item && isUpload(item.location) ? [{ id: item.id, location: item.location }] : []));

const locationsOf = (items: readonly (StoredItem | undefined)[]) =>
  items.flatMap((item) => (item && !isUrl(item.location) ? [item.location] : []));

/** The locations that none of the items has. */
function without(locations: readonly string[], items: readonly (StoredItem | undefined)[]): string[] {
  const kept = new Set(locationsOf(items));
  return locations.filter((location) => !kept.has(location));
}
