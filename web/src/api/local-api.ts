/** The page's backend in an export: the same answers as the HTTP API's, made by a worker of this browser. Nothing is sent anywhere. */

import type { BrowserImage } from '../../../src/apps/browser/static-gallery.js';
import { StaticGallery } from '../../../src/apps/browser/static-gallery.js';
import { LimnError } from '../../../src/core/errors.js';
import type { Backend, Files } from './api.js';
import { ApiError } from './problem.js';
import type {
  CaptionAnswer,
  ExplainRequest,
  Explanation,
  Gallery,
  ImageReference,
  Item,
  ItemList,
  SearchAnswer,
  SearchRequest,
  Suggestions,
  SuggestRequest,
} from './types.js';

/** Statuses that the server gives errors of these codes. */
const statuses: Readonly<Record<string, number>> = { USAGE: 400, IMAGE: 422 };

export class LocalApi implements Backend {
  readonly hasKey = false;
  private opened: Promise<StaticGallery> | undefined;

  constructor(private readonly base: string) {
    navigator.serviceWorker?.register(new URL('sw.js', base)).catch(() => undefined);
  }

  galleries(): Promise<Gallery[]> {
    return this.ask(async (gallery) => [gallery.describe()]);
  }

  items(_name: string, query: { cursor?: string; limit: number; filter?: string }, signal?: AbortSignal): Promise<ItemList> {
    return this.ask((gallery) => gallery.items(query, { signal }));
  }

  item(_name: string, id: string, signal?: AbortSignal): Promise<Item> {
    return this.ask((gallery) => gallery.item(id, { signal }));
  }

  search({ gallery: _, ...request }: SearchRequest, files: Files, signal?: AbortSignal): Promise<SearchAnswer> {
    return this.ask((gallery) => gallery.search({ ...request, ...imagesOf(request, files) }, { signal }));
  }

  explain({ gallery: _, ...request }: ExplainRequest, files: Files, signal?: AbortSignal): Promise<Explanation> {
    return this.ask((gallery) => gallery.explain({ ...request, ...imagesOf(request, files) }, { signal }));
  }

  caption(): Promise<CaptionAnswer> {
    return Promise.reject(new ApiError({ status: 404, code: 'NOT_FOUND', message: 'An export writes no captions.' }));
  }

  count(_name: string, filter: string, signal?: AbortSignal): Promise<number> {
    return this.ask((gallery) => gallery.count(filter, { signal }));
  }

  suggest({ gallery: _, ...request }: SuggestRequest, signal?: AbortSignal): Promise<Suggestions> {
    return this.ask((gallery) => gallery.suggest(request, { signal }));
  }

  /** An export keeps nothing. */
  choose(): Promise<void> {
    return Promise.resolve();
  }

  imageAddress(_name: string, id: string): string {
    return this.known?.imageUrl(id) ?? `${this.base}thumbnails/none`;
  }

  async image(address: string, signal?: AbortSignal): Promise<Blob> {
    return (await fetch(address, signal ? { signal } : {})).blob();
  }

  private known: StaticGallery | undefined;

  private async ask<T>(question: (gallery: StaticGallery) => Promise<T>): Promise<T> {
    try {
      return await question(await this.open());
    } catch (error) {
      if (!LimnError.isInstance(error)) throw error;
      const { code, message } = error;
      throw new ApiError({ status: statuses[code] ?? 500, code, message });
    }
  }

  private open(): Promise<StaticGallery> {
    const worker = () => new Worker(new URL('../../../src/apps/browser/worker.ts', import.meta.url), { type: 'module' });
    this.opened ??= StaticGallery.open(this.base, worker()).then(
      (gallery) => {
        this.known = gallery;
        return gallery;
      },
      (error) => {
        this.opened = undefined;
        throw error;
      },
    );
    return this.opened;
  }
}

function imagesOf({ references, negatives }: Pick<SearchRequest, 'references' | 'negatives'>, files: Files) {
  const images = (list: readonly ImageReference[] | undefined) => list?.map((image) => imageOf(image, files));
  return { references: images(references), negatives: images(negatives) };
}

function imageOf(image: ImageReference, files: Files): BrowserImage {
  const box = image.box ? { box: image.box } : {};
  if ('id' in image) return { id: image.id, ...box };
  const file = 'upload' in image ? files.get(image.upload) : undefined;
  if (file) return { file, ...box };
  throw new LimnError('USAGE', 'This image is no longer on this device: choose it again.');
}
