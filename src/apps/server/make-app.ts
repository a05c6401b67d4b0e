/** The app with all that it needs, without a socket: galleries, keys, limits, metrics. */
import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import { ChoiceKeeper } from '../../search/choices/choice-keeper.js';
import { Gallery } from '../../search/gallery/gallery.js';
import { type FetchLimits, SafeFetcher } from '../../search/gallery/ingest/safe-fetch.js';
import type { SearchAnswer, SearchRequest } from '../../search/gallery/search-types.js';
import { createApp } from './app.js';
import { Batcher } from './galleries/batcher.js';
import { galleryService } from './galleries/gallery-service.js';
import type { ServedGallery } from './galleries/service.js';
import { Guard } from './guard/guard.js';
import { KeyRing } from './guard/keys.js';
import { defaultLimits, type ServerLimits } from './guard/limits.js';
import { RateLimiter } from './guard/rate-limit.js';
import { Metrics } from './handlers/metrics.js';
import { type OpenGallery, ServerParts } from './handlers/parts.js';
import { asProblem, HttpProblem } from './handlers/problems.js';
import { loadPage } from './handlers/static-page.js';
import { silentLog } from './log.js';

/** What an app is made of; a server takes the same and where it listens. */
export interface AppSettings {
  /** By their names in the API. They stay the caller's, also when the app has ended. */
  galleries: Readonly<Record<string, Gallery | ServedGallery>>;
  /** A file of API keys. Without one everybody who reaches the server may do everything. */
  keys?: string | undefined;
  /** Answer other machines without keys, and under any name. @default false */
  open?: boolean | undefined;
  /** A folder in which it is kept which result people choose after which query; no images, and nothing of who it was. @default nothing is kept */
  keepChoices?: string | undefined;
  /** Origins whose pages may use the API, e.g. "https://shop.example". @default none */
  origins?: readonly string[] | undefined;
  /** Fetch pictures from URLs that requests give; only from public addresses, unless the limits say otherwise. @default false */
  allowUrls?: boolean | FetchLimits | undefined;
  /** Proxies of one's own before the server, which say in x-forwarded-for who calls. @default 0 */
  proxies?: number | undefined;
  /** Limits that differ from {@link defaultLimits}. @default none */
  limits?: Partial<ServerLimits> | undefined;
  /** Where requests and failures are logged, as one JSON object a line. @default nothing is logged */
  log?: Logger | undefined;
  /** The folder of the page. @default the package's own */
  page?: string | undefined;
  /** Of limn, for the API's description. @default "0" */
  version?: string | undefined;
  /** Put memory and processor of the process among the metrics. @default false */
  processMetrics?: boolean | undefined;
  /** How searches are put together. @default those of {@link Batcher} */
  batching?: { size?: number | undefined; waitMilliseconds?: number | undefined } | undefined;
}

/** An app that nobody listens for yet. */
export interface MadeApp {
  /** Answers a request of @hono/node-server, whose `incoming` and `outgoing` it needs. */
  fetch(request: Request, bindings: object): Response | Promise<Response>;
  limits: ServerLimits;
  /** Takes no new work from now on. */
  refuse(): void;
  /** Stops the requests that are being answered. */
  stop(): void;
  /** Gives back what it holds. */
  release(): Promise<void>;
}

/** @throws LimnError CONFIG for a broken file of keys */
export async function makeApp(options: AppSettings): Promise<MadeApp> {
  const { log = silentLog, origins = [], proxies = 0, version = '0', allowUrls } = options;
  // Behind a proxy all connections come from its address.
  const limits = { ...defaultLimits, ...(proxies > 0 ? { connectionsPerAddress: 0 } : {}), ...options.limits };
  const keys =
    options.keys === undefined ? undefined : await KeyRing.open(options.keys, (err) => log.error({ err }, 'keys not read again'));
  const page = await loadPage(options.page);
  const running = new Set<(reason: HttpProblem) => void>();
  const served = Object.entries(options.galleries).map(
    ([name, gallery]) => [name, gallery instanceof Gallery ? galleryService(gallery) : gallery] as const,
  );
  const metrics = new Metrics({
    items: () => countAll(Object.fromEntries(served)),
    inFlight: () => running.size,
    process: options.processMetrics,
  });
  const galleries = new Map<string, OpenGallery>();
  for (const [name, gallery] of served) {
    const run = (requests: readonly SearchRequest[]) => gallery.searchAll(requests);
    const searches = new Batcher<SearchRequest, SearchAnswer>({
      run,
      onBatch: (size) => metrics.batch(size),
      ...options.batching,
    });
    galleries.set(name, { gallery, searches });
  }
  const fetcher = allowUrls
    ? new SafeFetcher({ maxBytes: limits.bodyBytes, ...(allowUrls === true ? {} : allowUrls) })
    : undefined;
  const fetchImage = fetcher && (async (url: string, signal: AbortSignal) => (await fetcher.fetch(url, { signal })).bytes);
  const limiter = new RateLimiter({ rate: limits.rate, burst: limits.burst });
  const guard = new Guard({ keys, limiter, origins, onlyLoopbackNames: !keys && !options.open });
  const parts = new ServerParts(galleries, limits, (caller, cost) => guard.charge(caller, cost), fetchImage);
  const choices =
    options.keepChoices === undefined
      ? undefined
      : await ChoiceKeeper.open(options.keepChoices, { onNote: (note) => log.warn(note) });
  let ending = false;
  const app = createApp({ parts, guard, metrics, choices, log, page, origins, proxies, version, running, ending: () => ending });
  return {
    fetch: (request, bindings) => app.fetch(request, bindings as HttpBindings),
    limits,
    refuse: () => {
      ending = true;
    },
    stop: () => {
      const problem = new HttpProblem(503, 'INTERRUPTED', 'The server stopped before this was done. Try again.', {
        headers: { 'retry-after': '2' },
      });
      const reason = asProblem(problem);
      for (const abort of [...running]) abort(reason);
    },
    release: async () => {
      await choices?.close();
      metrics.close();
      await fetcher?.close();
    },
  };
}

async function countAll(galleries: Readonly<Record<string, ServedGallery>>): Promise<Record<string, number>> {
  const counts = await Promise.allSettled(Object.values(galleries).map((gallery) => gallery.count()));
  const entries = Object.keys(galleries).flatMap((name, i) => {
    const count = counts[i];
    return count?.status === 'fulfilled' ? [[name, count.value] as const] : [];
  });
  return Object.fromEntries(entries);
}
