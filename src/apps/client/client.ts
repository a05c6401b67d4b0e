/**
 * The client of limn's HTTP API, for browsers and Node: `import { LimnClient } from 'limn/client'`. It needs nothing but `fetch`, and its
 * types are the server's own.
 */
import type {
  ApiBox,
  ApiCaption,
  ApiChoice,
  ApiExplanation,
  ApiGallery,
  ApiImageReference,
  ApiListQuery,
  ApiMetadata,
  ApiSearchAnswer,
  ApiSuggestions,
  CaptionAnswer,
  ChoiceAnswer,
  CountAnswer,
  CountQuery,
  Explain,
  Galleries,
  Item,
  ItemList,
  Search,
  Suggest,
} from '../server/contract.js';
import { type CallOptions, type ClientOptions, Http } from './http.js';
import { type RouteName, routePath } from './routes.js';

/** A picture of the gallery by its id, or (where the server allows it) by its URL; or a file that is sent along; with a box, that part of it. */
export type ClientImage = Exclude<ApiImageReference, { upload: string }> | { file: Blob | Uint8Array; box?: ApiBox | undefined };

/** A request of the HTTP API whose lists of images may hold files. */
type WithFiles<T, Lists extends keyof T> = Omit<T, Lists> & { [List in Lists]?: readonly ClientImage[] };
/** What {@link LimnClient.search} takes. */
export type SearchCall = WithFiles<Search, 'references' | 'negatives'>;
/** What {@link LimnClient.explain} takes: the search, and the id of the hit to explain. */
export type ExplainCall = WithFiles<Explain, 'references' | 'negatives'>;
/** What {@link LimnClient.caption} takes: the gallery and two images. */
export type CaptionCall = Omit<ApiCaption, 'reference' | 'target'> & {
  /** The image that changes. */
  reference: ClientImage;
  /** What it changes into. */
  target: ClientImage;
};

/** What {@link LimnClient.putItem} sends; `picture` is the former name of `image`. */
export type ClientNewItem = ({ image: Blob | Uint8Array } | { /** @deprecated */ picture: Blob | Uint8Array }) & {
  /** Metadata of the image. @default none */
  metadata?: ApiMetadata;
};

/**
 * The HTTP API as methods. A request is sent again after 429 and 503.
 *
 * @throws LimnClientError for every other answer that is no success

 */
export class LimnClient {
  private readonly http: Http;

  /**
   * @example
   * const limn = new LimnClient({ url: 'http://127.0.0.1:7788' });
   * const { hits } = await limn.search({ gallery: 'shop', references: [{ id: 'dress.jpg' }], texts: ['in red'] });
   */
  constructor(options: ClientOptions) {
    this.http = new Http(options);
  }

  /** All galleries that the key may read. */
  async galleries(options?: CallOptions): Promise<ApiGallery[]> {
    const { galleries } = await this.http.json<Galleries>('GET', routePath('galleries'), options);
    return galleries;
  }

  /** One gallery: how many images it has, names of its factors, and fields to filter by. */
  gallery(name: string, options?: CallOptions): Promise<ApiGallery> {
    return this.http.json('GET', routePath('gallery', { gallery: name }), options);
  }

  /** How many items a gallery has, or pass a filter. */
  async count(gallery: string, query: CountQuery = {}, options?: CallOptions): Promise<number> {
    const words = query.filter === undefined ? '' : `?${new URLSearchParams({ filter: query.filter })}`;
    const { count } = await this.http.json<CountAnswer>('GET', `${routePath('count', { gallery })}${words}`, options);
    return count;
  }

  /** One page of the items, in the order of their ids. */
  items(gallery: string, query: ApiListQuery = {}, options?: CallOptions): Promise<ItemList> {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) words.set(name, String(value));
    const path = routePath('items', { gallery });
    return this.http.json('GET', words.size > 0 ? `${path}?${words}` : path, options);
  }

  /** All items, page by page as they are needed. */
  async *allItems(gallery: string, query: Omit<ApiListQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Item> {
    let cursor: string | undefined;
    do {
      const page: ItemList = await this.items(gallery, { ...query, cursor }, options);
      yield* page.items;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** One image's id, content hash and metadata. @throws LimnClientError 404 if the gallery has no such image */
  item(gallery: string, id: string, options?: CallOptions): Promise<Item> {
    return this.http.json('GET', routePath('item', { gallery, id }), options);
  }

  /** Adds a picture, or replaces the one of that id. Searches find it when this resolves. */
  putItem(gallery: string, id: string, item: ClientNewItem, options?: CallOptions): Promise<Item> {
    const body = new FormData();
    body.set('picture', asBlob('image' in item ? item.image : item.picture), 'picture');
    if (item.metadata) body.set('metadata', jsonBlob(item.metadata), 'metadata.json');
    return this.http.json('PUT', routePath('putItem', { gallery, id }), options, body);
  }

  /** Removes an image from the gallery. @throws LimnClientError 404 if the gallery has no such image */
  async deleteItem(gallery: string, id: string, options?: CallOptions): Promise<void> {
    await this.http.send('DELETE', routePath('deleteItem', { gallery, id }), options);
  }

  /** The picture of an item as JPEG. @param size @default 'full' */
  async image(gallery: string, id: string, size: 'thumbnail' | 'full' = 'full', options?: CallOptions): Promise<Blob> {
    const response = await this.http.send('GET', this.imagePath(gallery, id, size), options);
    return response.blob();
  }

  /** Where the picture of an item is, e.g. for an `<img>`; only a server without keys shows it there. */
  imageUrl(gallery: string, id: string, size: 'thumbnail' | 'full' = 'full'): string {
    return this.http.url(this.imagePath(gallery, id, size));
  }

  /** @deprecated it is called {@link image} */
  picture(gallery: string, id: string, size?: 'thumbnail' | 'full', options?: CallOptions): Promise<Blob> {
    return this.image(gallery, id, size, options);
  }

  /** @deprecated it is called {@link imageUrl} */
  pictureUrl(gallery: string, id: string, size?: 'thumbnail' | 'full'): string {
    return this.imageUrl(gallery, id, size);
  }

  /** Searches a gallery; files are uploaded with the request. */
  search(call: SearchCall, options?: CallOptions): Promise<ApiSearchAnswer> {
    return this.post('search', call, options);
  }

  /** Explains one hit of a search: the share of each factor, and where it looks in both images. */
  explain(call: ExplainCall, options?: CallOptions): Promise<ApiExplanation> {
    return this.post('explain', call, options);
  }

  /** What changes from one picture to another. */
  async caption(call: CaptionCall, options?: CallOptions): Promise<string> {
    const { text } = await this.post<CaptionAnswer>('caption', call, options);
    return text;
  }

  /** Texts to try on a picture, the words of texts that the model has never seen, and filters that the texts say in words. */
  suggest(call: Suggest, options?: CallOptions): Promise<ApiSuggestions> {
    return this.http.json('POST', routePath('suggest'), options, JSON.stringify(call));
  }

  /**
   * Tells which result a person chose, on a server that keeps choices (`keepsChoices` of the gallery).
   *
   * @returns whether it is on disk @throws LimnClientError 404 if the server keeps none
   */
  async choose(gallery: string, choice: ApiChoice, options?: CallOptions): Promise<boolean> {
    const path = routePath('choose', { gallery });
    const { kept } = await this.http.json<ChoiceAnswer>('POST', path, options, JSON.stringify(choice));
    return kept;
  }

  /** Whether the server takes requests. */
  async ready(options?: CallOptions): Promise<boolean> {
    try {
      await this.http.send('GET', routePath('ready'), { ...options, retries: 0 });
      return true;
    } catch (error) {
      options?.signal?.throwIfAborted();
      if (error instanceof Error) return false;
      throw error;
    }
  }

  private imagePath(gallery: string, id: string, size: 'thumbnail' | 'full'): string {
    return `${routePath('picture', { gallery, id })}?size=${size}`;
  }

  /** As JSON, or with files as multipart. */
  private post<T>(route: RouteName, call: SearchCall | ExplainCall | CaptionCall, options?: CallOptions): Promise<T> {
    const files: Blob[] = [];
    const named = (image: ClientImage): ApiImageReference => {
      if (!('file' in image)) return image;
      files.push(asBlob(image.file));
      return { upload: `file${files.length}`, ...(image.box ? { box: image.box } : {}) };
    };
    const request: Record<string, unknown> = { ...call };
    for (const key of ['references', 'negatives', 'reference', 'target']) {
      const value = request[key] as ClientImage | readonly ClientImage[] | undefined;
      if (value) request[key] = Array.isArray(value) ? value.map(named) : named(value as ClientImage);
    }
    const path = routePath(route);
    if (files.length === 0) return this.http.json('POST', path, options, JSON.stringify(request));
    const body = new FormData();
    body.set('request', jsonBlob(request), 'request.json');
    for (const [i, file] of files.entries()) body.set(`file${i + 1}`, file, `file${i + 1}`);
    return this.http.json('POST', path, options, body);
  }
}

const asBlob = (bytes: Blob | Uint8Array): Blob => (bytes instanceof Blob ? bytes : new Blob([bytes as Uint8Array<ArrayBuffer>]));
const jsonBlob = (value: unknown) => new Blob([JSON.stringify(value)], { type: 'application/json' });
