/** The page's backend in an export: the same answers as the HTTP API's, made by a worker of this browser. Nothing is sent anywhere. */

import { type DeviceChoice, devices } from '../../../src/apps/browser/device.js';
import type { BrowserImage } from '../../../src/apps/browser/static-gallery.js';
import { StaticGallery } from '../../../src/apps/browser/static-gallery.js';
import { LimnError } from '../../../src/core/errors.js';
import type { OnProgress } from '../../../src/core/progress-event.js';
import type { Backend, Files } from './api.js';
import { Loading } from './loading.js';
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

  readonly loading = new Loading({
    cancel: () => {
      this.loading.change({ status: 'stopped' });
      this.known?.cancel();
    },
    start: () => void this.load(),
  });

  constructor(private readonly base: string) {}

  galleries(): Promise<Gallery[]> {
    return this.ask(async (gallery) => [gallery.describe()]);
  }

  items(_name: string, query: { cursor?: string; limit: number; filter?: string }, signal?: AbortSignal): Promise<ItemList> {
    return this.ask(async (gallery) => {
      // Both are on their way at once; the images are here before the model is.
      if (this.loading.state.status === 'none') void this.load();
      return gallery.items(query, { signal });
    });
  }

  item(_name: string, id: string, signal?: AbortSignal): Promise<Item> {
    return this.ask((gallery) => gallery.item(id, { signal }));
  }

  search(
    { gallery: _, ...request }: SearchRequest,
    files: Files,
    signal?: AbortSignal,
    onEarly?: (answer: SearchAnswer) => void,
  ): Promise<SearchAnswer> {
    return this.ask((gallery) => {
      const { status } = this.loading.state;
      if (status === 'none' || status === 'stopped') void this.load();
      return gallery.search({ ...request, ...imagesOf(request, files) }, { signal, onEarly });
    });
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
    const onProgress: OnProgress = ({ done, total }) => this.loading.change({ done, total });
    this.opened ??= StaticGallery.open(this.base, worker(), { ahead: false, device: deviceInAddress(), onProgress }).then(
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

  /** Fetches what searches need. What fails here fails again in the search that needs it, which then says so. */
  private async load(): Promise<void> {
    this.loading.change({ status: 'loading' });
    const isWhole = await this.known?.prepare().then(
      () => true,
      () => false,
    );
    if (this.loading.state.status === 'loading') this.loading.change({ status: isWhole ? 'ready' : 'none' });
    // Afterwards, and not while a search is made: keeping all this for visits without a network is in no hurry.
    const notes = (await this.known?.keep().catch(() => undefined)) ?? [];
    this.loading.change({ notes });
    await keepPage(this.base).catch(() => undefined);
  }
}

/** What the page's address says that models run on, as in `?device=wasm`; anything else is left to the browser. */
function deviceInAddress(): DeviceChoice {
  const name = new URLSearchParams(location.search).get('device');
  return devices.find((device) => device === name) ?? 'auto';
}

/** Has the service worker keep the page, and the thumbnails that are shown already. */
async function keepPage(base: string): Promise<void> {
  const registration = await navigator.serviceWorker?.register(new URL('sw.js', base));
  if (!registration) return;
  const { active } = await navigator.serviceWorker.ready;
  const shown = performance.getEntriesByType('resource').map(({ name }) => name);
  active?.postMessage({ keep: shown.filter((address) => address.startsWith(`${base}thumbnails/`)) });
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
