/** An export that is searched where this runs: what the server does for a gallery, by the same code, on what was fetched. */
import { LimnError, messageOf } from '../../core/errors.js';
import type { Box } from '../../models/encoders/image/box.js';
import { Columns } from '../../search/export/columns.js';
import { type BrowserModel, type ExportManifest, imagePath } from '../../search/export/format.js';
import { explainHit } from '../../search/gallery/explain/explain.js';
import { immediately } from '../../search/gallery/in-turn.js';
import type { QueryFiles } from '../../search/gallery/query-embedder.js';
import { Composer } from '../../search/gallery/search/compose.js';
import { searchNotes } from '../../search/gallery/search/search-notes.js';
import { Searcher } from '../../search/gallery/search/searcher.js';
import type { Explanation, ImageReference, SearchRequest } from '../../search/gallery/search-types.js';
import { Suggester, withoutTexts } from '../../search/gallery/suggest/suggester.js';
import { parseFilter } from '../../search/store/filter-parse.js';
import type { StoredItem } from '../../search/store/store.js';
import type { ApiGallery, ApiListQuery, ApiSearchAnswer, ApiSuggestions, Item, ItemList } from '../server/contract.js';
import { BrowserEmbedder } from './browser-embedder.js';
import { imageSize } from './decode-image.js';
import type { Device, DeviceChoice } from './device.js';
import { ExportStore } from './export-store.js';
import { ExportFiles, type FileOptions } from './fetch-files.js';
import type { LocalExplain, LocalImage, LocalSearch, LocalSuggest } from './requests.js';
import { Sessions } from './sessions.js';
import { sha256 } from './sha256.js';

/** Hits of a page where nobody says how many. */
const usualHits = 20;

/** How an export is opened. */
export interface LocalOptions extends FileOptions {
  /** What its model runs on. @default 'auto' */
  device?: DeviceChoice | undefined;
}

interface Searching {
  embedder: BrowserEmbedder;
  composer: Composer;
  searcher: Searcher;
  /** On the vectors that are here. */
  early: Searcher;
  suggester: Suggester;
}

export class LocalGallery {
  private readonly store: ExportStore;
  private readonly sessions: Sessions;
  private searching: Promise<Searching> | undefined;

  private constructor(
    private readonly manifest: ExportManifest,
    private readonly columns: Columns,
    private readonly files: ExportFiles,
    device: DeviceChoice | undefined,
  ) {
    this.store = new ExportStore(manifest, columns, files);
    this.sessions = new Sessions(files, manifest.files, device);
  }

  /**
   * Opens an export: its list of images is fetched, and everything else when it is first needed.
   *
   * @param base the folder, with a slash at the end @throws LimnError IO, DATA, GALLERY, INTERRUPTED
   */
  static async open(base: string, options: LocalOptions = {}): Promise<LocalGallery> {
    const files = new ExportFiles(base, options);
    const manifest = await files.manifest();
    const columns = Columns.read(new TextDecoder().decode(await files.read(manifest.files.columns)));
    requireModel(columns.model, manifest, 'list of images');
    return new LocalGallery(manifest, columns, files, options.device);
  }

  /** Fetches what searches need, ahead of the first, all at once. @throws LimnError as the first search would */
  async prepare(): Promise<void> {
    const { files, shards } = this.manifest;
    const { model, query, encoder } = files;
    const { file: runtime } = await this.sessions.plan();
    this.files.expect([model, query, encoder, runtime, ...shards]);
    const graphs = [query, encoder].filter((file) => file !== undefined);
    await Promise.all([this.tools(), this.store.load(), ...graphs.map((file) => this.sessions.open(file))]);
  }

  /** Keeps what was fetched, for visits without a network. @returns notes on everything so far */
  async keep(): Promise<string[]> {
    await this.files.kept();
    return [...this.files.notes];
  }

  /** Stops what is being fetched: calls that wait for it fail with INTERRUPTED, and later ones fetch it again. */
  stopLoading(): void {
    this.files.stop();
  }

  /** What the model runs on. */
  device(): Promise<Device> {
    return this.sessions.device();
  }

  async describe(): Promise<ApiGallery> {
    const { name, count, model } = this.manifest;
    // Without a model there are images to browse all the same.
    const known = await this.model().catch((error) => {
      this.files.notes.add(messageOf(error));
      return undefined;
    });
    return { name, count, model, factors: known?.factors ?? [], fields: known?.fields ?? [], captions: false };
  }

  async item(id: string): Promise<Item | undefined> {
    const [item] = await this.store.get([id]);
    return item && shown(item);
  }

  async items({ cursor, limit = 100, filter }: ApiListQuery): Promise<ItemList> {
    const parsed = filter?.trim() ? parseFilter(filter) : undefined;
    const found = await this.store.list({ after: cursor, limit: Number(limit) + 1, filter: parsed });
    const items = found.slice(0, Number(limit)).map(shown);
    const next = found.length > items.length ? items.at(-1)?.id : undefined;
    const notes = items.length === 0 ? await this.notesOn({ filter }, 0) : [...this.files.notes];
    return { items, ...(next === undefined ? {} : { cursor: next }), ...(notes.length > 0 ? { notes } : {}) };
  }

  count(filter?: string): Promise<number> {
    return this.store.count(filter?.trim() ? parseFilter(filter) : undefined);
  }

  /** @param onEarly told the best of the vectors that are here, each time that twice as many are, until all are */
  async search(
    request: LocalSearch,
    signal?: AbortSignal,
    onEarly?: (answer: ApiSearchAnswer) => void,
  ): Promise<ApiSearchAnswer> {
    const start = performance.now();
    const { searcher, early } = await this.tools();
    const { count } = this.manifest;
    let here = onEarly ? await this.store.here(1) : undefined;
    while (here && !here.isWhole) {
      const { notes, ...answer } = await this.answer(early, request, signal, start);
      const note = `The best of ${here.images} of ${count} images so far: the vectors of the others are being loaded.`;
      onEarly?.({ ...answer, notes: [note, ...notes] });
      here = await this.store.here(2 * here.shards);
    }
    return this.answer(searcher, request, signal, start);
  }

  private async answer(
    searcher: Searcher,
    request: LocalSearch,
    signal: AbortSignal | undefined,
    start: number,
  ): Promise<ApiSearchAnswer> {
    const offset = request.cursor === undefined ? 0 : Number(request.cursor);
    const asked = { ...searchOf(request), offset, k: request.k ?? usualHits, signal };
    const [settled] = await searcher.searchAll([asked]);
    if (settled?.status !== 'fulfilled') throw settled?.reason;
    const { hits, next } = settled.value;
    const notes = await this.notesOn({ filter: request.filter, offset }, hits.length);
    const milliseconds = performance.now() - start;
    return {
      hits: hits.map((hit) => ({ ...hit })),
      ...(next === undefined ? {} : { cursor: String(next) }),
      notes,
      milliseconds,
    };
  }

  async explain(request: LocalExplain, signal?: AbortSignal): Promise<Explanation> {
    const { embedder, composer, searcher } = await this.tools();
    const { factors: names } = await this.model();
    const tools = { store: this.store, embedder, files: this.queryFiles(), composer, searcher, names, inTurn: immediately };
    return explainHit(tools, { ...searchOf(request), signal }, request.hit);
  }

  async suggest({ reference, text, texts, count }: LocalSuggest): Promise<ApiSuggestions> {
    const { suggester } = await this.tools();
    const metadata = reference === undefined ? undefined : (await this.item(reference))?.metadata;
    const { unknown, ...found } = suggester.suggest({ typed: text, said: texts, count, metadata, seed: reference ?? '' });
    return {
      ...found,
      unknown: unknown.map(({ corrected, ...one }) => ({ ...one, ...(corrected === undefined ? {} : { corrected }) })),
    };
  }

  /** The address of an item's thumbnail; undefined for an unknown id and an image that could not be read. */
  imageAddress(id: string): string | undefined {
    const row = this.store.row(id);
    const name = row === undefined ? '' : this.columns.item(row).thumbnail;
    return name === '' ? undefined : this.files.address(imagePath('thumbnails', name));
  }

  async close(): Promise<void> {
    await this.sessions.close();
    await this.store.close();
  }

  private async notesOn(request: Pick<SearchRequest, 'filter' | 'offset'>, found: number): Promise<string[]> {
    const { fields } = await this.describe();
    const own =
      found > 0 && !request.filter?.trim() ? [] : await searchNotes(this.store, fields, request, { hits: { length: found } });
    return [...own, ...this.files.notes];
  }

  private knownModel: Promise<BrowserModel> | undefined;

  private model(): Promise<BrowserModel> {
    this.knownModel ??= this.files
      .read(this.manifest.files.model)
      .then((bytes) => {
        const model = JSON.parse(new TextDecoder().decode(bytes)) as BrowserModel;
        requireModel(model.hash, this.manifest, 'model');
        return model;
      })
      .catch((error) => {
        this.knownModel = undefined;
        throw error;
      });
    return this.knownModel;
  }

  private tools(): Promise<Searching> {
    this.searching ??= this.model()
      .then((model): Searching => {
        const embedder = new BrowserEmbedder(model, this.manifest.files, this.sessions);
        const composer = new Composer(this.store, embedder, this.queryFiles());
        const checkText = (text: string) => void embedder.vocabulary.encode(text, 1);
        const { factors } = this.manifest.sizes;
        const sides = { sees: model.sees, factors, checkText };
        const searcher = new Searcher(this.store, composer, sides);
        const early = new Searcher(this.store.early(), composer, sides);
        const { vocabulary } = embedder;
        const texts = { vocabulary, texts: model.texts, wholeWords: model.text.kind === 'words' };
        const suggester = new Suggester({ ...(model.sees.text ? texts : withoutTexts), fields: model.fields });
        return { embedder, composer, searcher, early, suggester };
      })
      .catch((error) => {
        this.searching = undefined;
        throw error;
      });
    return this.searching;
  }

  private queryFiles(): QueryFiles {
    const { columns, files } = this;
    const rowOf = (location: string) => columns.item(Number(location));
    return {
      nameOf: (location) => `The image ${JSON.stringify(rowOf(location).id)}`,
      read: (location, { part = false } = {}) => {
        const { id, reference, thumbnail } = rowOf(location);
        if (reference !== '') return part ? files.image('thumbnails', thumbnail) : files.image('references', reference);
        const message = `The image ${JSON.stringify(id)} could not be read when the gallery was exported: begin with another one.`;
        return Promise.reject(new LimnError('IMAGE', message));
      },
      readPath: () => Promise.reject(new LimnError('USAGE', 'A browser cannot read files by path: give the file itself.')),
      hash: sha256,
      sizeOf: async (bytes, name, location) => (location === undefined ? imageSize(bytes, name) : rowOf(location)),
    };
  }
}

/** @throws LimnError GALLERY where parts of different exports lie in one folder */
function requireModel(hash: string, manifest: ExportManifest, what: string): void {
  if (hash === manifest.model.hash) return;
  const message = `The ${what} of this export is of the model of another gallery. Export the gallery again, and upload the whole folder.`;
  throw new LimnError('GALLERY', message, { details: { wanted: manifest.model.hash, found: hash } });
}

const shown = ({ id, content, metadata }: StoredItem): Item => ({ id, content, metadata });

function searchOf(request: LocalSearch | LocalExplain): SearchRequest {
  const { references, texts, negatives, negativeWeight, weights, filter, excludeReferences } = request;
  return {
    references: references?.map(referenceOf),
    negatives: negatives?.map(referenceOf),
    texts,
    negativeWeight,
    weights,
    filter,
    excludeReferences,
  };
}

function referenceOf(image: LocalImage): ImageReference {
  const box: { box?: Box } = image.box ? { box: image.box } : {};
  return 'id' in image ? { id: image.id, ...box } : { bytes: image.bytes, ...box };
}
