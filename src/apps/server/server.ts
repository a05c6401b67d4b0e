/** The server: listening, and ending without losing what it works on. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import { LimnError } from '../../core/errors.js';
import { type FetchLimits, SafeFetcher } from '../../search/gallery/ingest/safe-fetch.js';
import type { SearchAnswer, SearchRequest } from '../../search/gallery/search-types.js';
import { isLoopback } from './addresses.js';
import { createApp } from './app.js';
import { Batcher } from './batcher.js';
import { Connections, connectionDefaults } from './connections.js';
import { Guard } from './guard.js';
import { KeyRing } from './keys.js';
import { defaultLimits, type ServerLimits } from './limits.js';
import { silentLog } from './log.js';
import { Metrics } from './metrics.js';
import type { OpenGallery } from './parts.js';
import { ServerParts } from './parts.js';
import { asProblem, HttpProblem, problemBody } from './problems.js';
import { RateLimiter } from './rate-limit.js';
import type { ServedGallery } from './service.js';
import { loadPage } from './static-page.js';

export interface ServerOptions {
  /** By their names in the API. They stay the caller's, also when the server has ended. */
  galleries: Readonly<Record<string, ServedGallery>>;
  /** @default '127.0.0.1' */
  host?: string | undefined;
  /** 0 takes any free one. @default 7788 */
  port?: number | undefined;
  /** A file of API keys. Without one everybody who reaches the server may do everything. */
  keys?: string | undefined;
  /** Listen for other machines without keys. @default false */
  open?: boolean | undefined;
  /** Origins whose pages may use the API, e.g. "https://shop.example". @default none */
  origins?: readonly string[] | undefined;
  /** Fetch pictures from URLs that requests give; only from public addresses, unless the limits say otherwise. @default false */
  allowUrls?: boolean | FetchLimits | undefined;
  /** Proxies of one's own before the server, which say in x-forwarded-for who calls. @default 0 */
  proxies?: number | undefined;
  limits?: Partial<ServerLimits> | undefined;
  /** @default nothing is logged */
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

export interface RunningServer {
  /** E.g. "http://127.0.0.1:7788". */
  url: string;
  port: number;
  /**
   * Takes no more requests, finishes those that run, and ends.
   *
   * @param milliseconds after which what still runs is stopped. @default 10,000
   */
  close(milliseconds?: number): Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws LimnError USAGE where others could reach it without a key, CONFIG for a broken file of keys, IO for a port that is taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 7788, log = silentLog, origins = [], proxies = 0 } = options;
  // Behind a proxy all connections come from its address.
  const limits = { ...defaultLimits, ...(proxies > 0 ? { connectionsPerAddress: 0 } : {}), ...options.limits };
  if (!options.keys && !options.open && !isLoopback(host)) {
    throw new LimnError(
      'USAGE',
      `On ${host} other machines reach the server, and it has no keys: make some with "limn serve keys add" and give their file with --keys, or say --open to let everybody in.`,
    );
  }
  const keys =
    options.keys === undefined ? undefined : await KeyRing.open(options.keys, (err) => log.error({ err }, 'keys not read again'));
  const page = await loadPage(options.page);
  const running = new Set<(reason: HttpProblem) => void>();
  const galleries = new Map<string, OpenGallery>();
  const metrics = new Metrics({
    items: () => countAll(options.galleries),
    inFlight: () => running.size,
    process: options.processMetrics,
  });
  for (const [name, gallery] of Object.entries(options.galleries)) {
    const run = (requests: readonly SearchRequest[]) => gallery.searchAll(requests);
    const searches = new Batcher<SearchRequest, SearchAnswer>({
      run,
      onBatch: (size) => metrics.batch(size),
      ...options.batching,
    });
    galleries.set(name, { gallery, searches });
  }
  const { allowUrls } = options;
  const fetcher = allowUrls
    ? new SafeFetcher({ maxBytes: limits.bodyBytes, ...(allowUrls === true ? {} : allowUrls) })
    : undefined;
  const fetchPicture = fetcher && (async (url: string, signal: AbortSignal) => (await fetcher.fetch(url, { signal })).bytes);
  const limiter = new RateLimiter({ rate: limits.rate, burst: limits.burst });
  const onlyLoopbackNames = !keys && !options.open;
  const guard = new Guard({ keys, limiter, origins, onlyLoopbackNames });
  const parts = new ServerParts(galleries, limits, (caller, cost) => guard.charge(caller, cost), fetchPicture);
  let ending = false;
  const version = options.version ?? '0';
  const app = createApp({ parts, guard, metrics, log, page, origins, proxies, version, running, ending: () => ending });
  const { server, connections } = listener(app.fetch, limits, log);
  try {
    await listen(server, host, port);
  } catch (error) {
    metrics.close();
    await fetcher?.close();
    throw error;
  }
  const { port: taken } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${name}:${taken}`,
    port: taken,
    close: (milliseconds = 10_000) => {
      ending = true;
      closed ??= end(server, connections, running, milliseconds).finally(async () => {
        metrics.close();
        await fetcher?.close();
      });
      return closed;
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

/** What HTTP itself can get wrong is answered like everything else. */
function listener(
  fetch: Parameters<typeof getRequestListener>[0],
  limits: ServerLimits,
  log: Logger,
): { server: Server; connections: Connections } {
  const errorHandler = () => {
    const problem = new HttpProblem(400, 'USAGE', 'The address or the Host header of the request is broken.');
    return new Response(JSON.stringify(problemBody(problem, '')), {
      status: 400,
      headers: { 'content-type': 'application/json' },
    });
  };
  const server = createServer(
    {
      headersTimeout: limits.headerMilliseconds,
      // A body has its own time, whose end has an answer; this is for what comes before it is read.
      requestTimeout: limits.headerMilliseconds + limits.bodyMilliseconds + 5000,
      connectionsCheckingInterval: Math.min(2000, limits.headerMilliseconds),
      maxHeaderSize: 16 * 1024,
    },
    getRequestListener(fetch, { overrideGlobalObjects: false, errorHandler }),
  );
  // Where no byte goes either way for longer than any request may take, nobody reads the answer.
  server.timeout = limits.bodyMilliseconds + limits.requestMilliseconds + 15_000;
  const connections = new Connections(server, {
    most: limits.connections,
    perAddress: limits.connectionsPerAddress,
    ...connectionDefaults,
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    if (!socket.writable) return;
    const problem = brokenRequest(error.code);
    log.info({ status: problem.status, address: socket.remoteAddress }, 'refused');
    const body = JSON.stringify(problemBody(problem, ''));
    const head = [
      `HTTP/1.1 ${problem.status} ${problem.code}`,
      'content-type: application/json',
      'connection: close',
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    connections.refuse(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
  });
  return { server, connections };
}

function brokenRequest(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpProblem(431, 'TOO_LARGE', 'The headers have more than 16384 bytes.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpProblem(408, 'TIMEOUT', 'The request did not arrive in time.');
  return new HttpProblem(400, 'USAGE', 'This is no request that HTTP knows.');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: `Port ${port} on ${host} is taken: end what uses it, or choose another with --port.`,
        EACCES: `Port ${port} on ${host} is not for this user: choose one from 1024 with --port.`,
        EADDRNOTAVAIL: `This machine has no address ${host}: choose another with --host.`,
        ENOTFOUND: `There is no host ${host}: choose another with --host.`,
      };
      const message = reasons[error.code ?? ''] ?? `Cannot listen on ${host}, port ${port}: ${error.message}.`;
      reject(new LimnError('IO', message, { details: { host, port }, cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

async function end(
  server: Server,
  connections: Connections,
  running: ReadonlySet<(reason: HttpProblem) => void>,
  milliseconds: number,
): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  const stopAll = () => {
    const reason = asProblem(
      new HttpProblem(503, 'INTERRUPTED', 'The server had to end before this was done. Try again.', {
        headers: { 'retry-after': '2' },
      }),
    );
    for (const abort of [...running]) abort(reason);
    // The answers go out first.
    setTimeout(() => server.closeAllConnections(), 200).unref();
  };
  const timer = setTimeout(stopAll, milliseconds);
  connections.closeUnused();
  await ended.finally(() => clearTimeout(timer));
}
