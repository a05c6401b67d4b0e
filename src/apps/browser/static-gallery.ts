/** An export, as a page has it: calls that its worker answers. */
import { LimnError, type LimnErrorCode } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress-event.js';
import type {
  ApiBox,
  ApiExplanation,
  ApiGallery,
  ApiListQuery,
  ApiSearchAnswer,
  ApiSuggestions,
  Explain,
  Item,
  ItemList,
  Search,
} from '../server/contract.js';
import { type Device, type DeviceChoice, devices } from './device.js';
import type { FromWorker, LocalImage, LocalSuggest, Method, ToWorker } from './requests.js';

/** An image of the gallery by its id, or a file; with a box, that part of it alone. */
export type BrowserImage = ({ id: string } | { file: Blob | Uint8Array }) & {
  /** A part of the image. @default all of it */
  box?: ApiBox | undefined;
};

/** A request of the HTTP API without the name of the gallery, and with files in place of uploads. */
type WithFiles<T> = Omit<T, 'gallery' | 'references' | 'negatives'> & {
  /** Images to start from. Several are averaged. @default none */
  references?: readonly BrowserImage[] | undefined;
  /** Images that the hits should not resemble. @default none */
  negatives?: readonly BrowserImage[] | undefined;
};
/** What {@link StaticGallery.search} takes. */
export type BrowserSearch = WithFiles<Search>;
/** What {@link StaticGallery.explain} takes: the search, and the id of the hit to explain. */
export type BrowserExplain = WithFiles<Explain>;

/** Options of every call. */
export interface CallOptions {
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}

/** Options of {@link StaticGallery.search}. */
export interface SearchOptions extends CallOptions {
  /**
   * Told the best hits so far while the gallery's vectors are still being fetched, several times in a large gallery; a note says how many
   * images they are of. The answer itself is of all images.
   */
  onEarly?: ((answer: ApiSearchAnswer) => void) | undefined;
}

/** Options of {@link openGallery}. */
export interface GalleryOptions extends CallOptions {
  /** Keep what was fetched in the browser, for visits without a network. @default true */
  cache?: boolean | undefined;
  /** Fetch what searches need as soon as the gallery is open, in place of with the first search. @default true */
  ahead?: boolean | undefined;
  /**
   * What the model runs on. `auto` is WebGPU where the export has it and the browser a graphics processor that it can use, and else
   * WebAssembly. Where a choice of `webgpu` cannot be followed, WebAssembly is used, and the notes of answers say why. @default 'auto'
   */
  device?: DeviceChoice | undefined;
  /** Told how many bytes are here, of those that searches need. */
  onProgress?: OnProgress | undefined;
}

/** Calls that may wait for a download. */
const loading: ReadonlySet<Method> = new Set(['prepare', 'search', 'explain', 'suggest']);

interface Waiting {
  method: Method;
  stop(): void;
  early(result: unknown): void;
  done(result: unknown): void;
  fail(error: unknown): void;
}

/** An open export. Its calls are answered by a worker, with the types of the HTTP API. */
export class StaticGallery {
  private readonly waiting = new Map<number, Waiting>();
  private readonly addresses = new Map<string, string | undefined>();
  private calls = 0;
  private description: ApiGallery | undefined;

  private constructor(
    private readonly worker: Worker,
    private readonly onProgress: OnProgress | undefined,
  ) {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.answer(data);
    worker.onerror = ({ message }) => {
      const error = new LimnError(
        'RUNTIME',
        `The search cannot run: ${message || 'its script is missing, or its host serves it with a wrong type'}. Reload the page.`,
      );
      for (const { fail } of this.waiting.values()) fail(error);
      this.waiting.clear();
    };
  }

  /** See {@link openGallery}. @param worker that runs worker.js */
  static async open(url: string, worker: Worker, options: GalleryOptions = {}): Promise<StaticGallery> {
    const base = new URL(url.endsWith('/') ? url : `${url}/`, globalThis.document?.baseURI ?? globalThis.location?.href).href;
    const gallery = new StaticGallery(worker, options.onProgress);
    try {
      const { cache = true, signal, ahead = true, device = 'auto' } = options;
      requireDevice(device);
      gallery.description = await gallery.call<ApiGallery>('open', { base, cache, device }, signal);
      // What fails here fails again in the search that needs it, which then says so.
      if (ahead) gallery.prepare({ signal }).catch(() => undefined);
      return gallery;
    } catch (error) {
      await gallery.close();
      throw error;
    }
  }

  /** Fetches what searches need. @throws LimnError IO, DATA, GALLERY, RUNTIME, INTERRUPTED */
  prepare(options: CallOptions = {}): Promise<void> {
    return this.call('prepare', undefined, options.signal);
  }

  /**
   * Keeps what was fetched for visits without a network, which the worker also does by itself when it has nothing else to do.
   *
   * @returns what a person should know, such as that the browser has no room, in sentences
   */
  keep(options: CallOptions = {}): Promise<string[]> {
    return this.call('keep', undefined, options.signal);
  }

  /** What the model runs on: after the first search, what it did run on. */
  device(options: CallOptions = {}): Promise<Device> {
    return this.call('device', undefined, options.signal);
  }

  /** Name, count, factors and fields of the gallery. */
  describe(): ApiGallery {
    return this.description as ApiGallery;
  }

  /**
   * The images that match references changed as texts say, as the server's search answers.
   *
   * @throws LimnError USAGE for a request that cannot be answered, IMAGE for a broken image, IO, DATA, GALLERY, RUNTIME, INTERRUPTED
   */
  async search(request: BrowserSearch, { signal, onEarly }: SearchOptions = {}): Promise<ApiSearchAnswer> {
    let isOver = false;
    const early = async (answer: ApiSearchAnswer) => {
      await this.learnAddresses(answer.hits);
      if (!isOver && !signal?.aborted) onEarly?.(answer);
    };
    const told = onEarly && ((answer: ApiSearchAnswer) => void early(answer).catch(() => undefined));
    const call = this.call<ApiSearchAnswer>('search', await withBytes(request), signal, told);
    const answer = await call.finally(() => {
      isOver = true;
    });
    await this.learnAddresses(answer.hits);
    return answer;
  }

  /** Why an image is a hit: each factor's share of its score, and where the factor looks. @throws as {@link search} */
  async explain(request: BrowserExplain, options: CallOptions = {}): Promise<ApiExplanation> {
    return this.call('explain', await withBytes(request), options.signal);
  }

  /** @throws LimnError USAGE for an id that is not in the gallery */
  async item(id: string, options: CallOptions = {}): Promise<Item> {
    const item = await this.call<Item | undefined>('item', id, options.signal);
    await this.learnAddresses([{ id }]);
    if (item) return item;
    throw new LimnError('USAGE', `The gallery has no image ${JSON.stringify(id)}.`, { details: { id } });
  }

  /** One page of the images, in the order of their ids. */
  async items(query: ApiListQuery = {}, options: CallOptions = {}): Promise<ItemList> {
    const list = await this.call<ItemList>('items', query, options.signal);
    await this.learnAddresses(list.items);
    return list;
  }

  /** How many images there are, or pass a filter. */
  count(filter?: string, options: CallOptions = {}): Promise<number> {
    return this.call('count', filter, options.signal);
  }

  /** What a person can say next, and filters that the texts say in words. */
  suggest(request: LocalSuggest, options: CallOptions = {}): Promise<ApiSuggestions> {
    return this.call('suggest', request, options.signal);
  }

  /** The address of an image that a call has named, for an `<img>`; undefined for others, and for those that could not be read. */
  imageUrl(id: string): string | undefined {
    return this.addresses.get(id);
  }

  /** Stops what is being fetched for searches: those that wait for it fail with INTERRUPTED, and the next one fetches the rest. */
  cancel(): void {
    for (const { method, stop } of [...this.waiting.values()]) if (loading.has(method)) stop();
  }

  /** Ends the worker; calls that wait are answered with INTERRUPTED. */
  async close(): Promise<void> {
    this.worker.terminate();
    for (const { fail } of this.waiting.values()) fail(new LimnError('INTERRUPTED', 'The gallery was closed.'));
    this.waiting.clear();
  }

  /** Learns the addresses of images that are about to be shown. */
  async learnAddresses(
    items: readonly {
      /** Id of the image. */
      id: string;
    }[],
  ): Promise<void> {
    const ids = items.map(({ id }) => id).filter((id) => !this.addresses.has(id));
    if (ids.length === 0) return;
    const found = await this.call<(string | undefined)[]>('imageAddresses', ids);
    for (const [i, id] of ids.entries()) this.addresses.set(id, found[i]);
  }

  /** @param onEarly told what the worker says before its answer */
  private call<T>(method: Method, argument: unknown, signal?: AbortSignal, onEarly?: (early: T) => void): Promise<T> {
    const call = ++this.calls;
    return new Promise<T>((done, fail) => {
      const stop = () => {
        this.post({ abort: call });
        this.waiting.delete(call);
        fail(new LimnError('INTERRUPTED', 'Interrupted while the gallery was answering.'));
      };
      if (signal?.aborted) return stop();
      signal?.addEventListener('abort', stop, { once: true });
      const settled = <V>(next: (value: V) => void) => {
        return (value: V) => {
          signal?.removeEventListener('abort', stop);
          next(value);
        };
      };
      const early = (result: unknown) => onEarly?.(result as T);
      this.waiting.set(call, { method, stop, early, done: settled(done as (result: unknown) => void), fail: settled(fail) });
      this.post({ call, method, argument, ...(onEarly ? { wantsEarly: true } : {}) });
    });
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private answer(message: FromWorker): void {
    if ('progress' in message) {
      this.onProgress?.(message.progress);
      return;
    }
    const waiting = this.waiting.get(message.call);
    if ('early' in message) {
      waiting?.early(message.early);
      return;
    }
    this.waiting.delete(message.call);
    if ('result' in message) waiting?.done(message.result);
    else {
      const { code, message: text, details } = message.error;
      waiting?.fail(new LimnError(code as LimnErrorCode, text, { details }));
    }
  }
}

/** @throws LimnError USAGE */
function requireDevice(name: string): void {
  const known = ['auto', ...devices];
  if (known.includes(name)) return;
  throw new LimnError('USAGE', `There is no device ${JSON.stringify(name)}: give one of ${known.join(', ')}.`, {
    details: { name },
  });
}

async function withBytes<T extends BrowserSearch | BrowserExplain>(request: T) {
  const read = (images: readonly BrowserImage[] | undefined) => images && Promise.all(images.map(localOf));
  return { ...request, references: await read(request.references), negatives: await read(request.negatives) };
}

async function localOf(image: BrowserImage): Promise<LocalImage> {
  const box = image.box ? { box: image.box } : {};
  if ('id' in image) return { id: image.id, ...box };
  const { file } = image;
  return { bytes: file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file, ...box };
}
