/** Serving galleries from the command line: the server of "limn serve", from start to end. */
import { createRequire } from 'node:module';
import { z } from 'zod';
import { defaultLimits, type ServerLimits } from '../server/guard/limits.js';
import { createLog, logLevels } from '../server/log.js';
import { blockOtherFormats } from '../server/request/images.js';
import { startServer, usualHost, usualPort } from '../server/server.js';
import { endNow } from './interrupt.js';
import { closeGalleries, openGalleries } from './served-galleries.js';
import { whenStarterEnds } from './starter.js';

/** What the command line sets beside the server's limits. */
export const servingSettings = z.strictObject({
  host: z.string().default(usualHost).describe('where to listen; at the default address, other machines cannot reach the server'),
  port: z.int().min(0).max(65_535).default(usualPort).describe('port to listen on; 0 for any free port'),
  proxies: z.int().min(0).max(10).default(0).describe('number of your own proxies in front of the server'),
  timeout: z
    .number()
    .positive()
    .default(defaultLimits.requestMilliseconds / 1000)
    .describe('maximum seconds for a request'),
  shutdown: z.number().min(0).default(10).describe('seconds that running requests have to finish at shutdown'),
  log: z.enum(logLevels).default('info').describe('log level on stderr'),
});

/** How a server is to run: the flags of limn serve. */
export interface ServingFlags {
  model?: string;
  images?: string[];
  show?: string;
  captioner?: string;
  host?: string;
  port?: number | undefined;
  keys?: string;
  open?: boolean;
  keepChoices?: string;
  cors?: string[];
  allowUrls?: boolean;
  proxies?: number;
  rate?: number;
  burst?: number;
  concurrency?: number;
  maxBody?: number;
  maxPixels?: number;
  maxRequestPixels?: number;
  ratePixels?: number;
  decodeMemory?: number;
  decodes?: number;
  callerDecodes?: number;
  buffered?: number;
  share?: number;
  connections?: number;
  connectionsPerAddress?: number;
  timeout?: number;
  batch?: number;
  batchWait?: number;
  shutdown?: number;
  log?: (typeof logLevels)[number];
}

const defaults = servingSettings.parse({});

/**
 * Serves galleries until SIGTERM or Ctrl-C, then lets what runs finish.
 *
 * @param onListening is given the server's address
 */
export async function serveUntilTold(
  named: ReadonlyMap<string, string>,
  flags: ServingFlags,
  onListening: (url: string) => void,
): Promise<void> {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const log = createLog(flags.log ?? defaults.log);
  blockOtherFormats();
  const openFlags = { ...flags, pixelLimit: flags.maxPixels ?? defaultLimits.pixels };
  const galleries = await openGalleries(named, openFlags, (gallery, note) => log.warn({ gallery }, note));
  try {
    const server = await startServer({
      galleries: galleries.byName,
      host: flags.host,
      port: flags.port,
      keys: flags.keys,
      open: flags.open,
      keepChoices: flags.keepChoices,
      origins: flags.cors,
      allowUrls: flags.allowUrls,
      proxies: flags.proxies,
      limits: limitsOf(flags),
      batching: { size: flags.batch, waitMilliseconds: flags.batchWait },
      log,
      version,
      processMetrics: true,
    });
    // Before anyone hears that it serves, so that the answer to that may be a signal.
    const told = untilTold();
    onListening(server.url);
    await told;
    log.info('ending');
    await server.close((flags.shutdown ?? defaults.shutdown) * 1000);
    log.info('ended');
  } finally {
    await closeGalleries(galleries);
  }
}

function limitsOf(flags: ServingFlags): Partial<ServerLimits> {
  const { rate, burst, concurrency, share, connections, connectionsPerAddress, ratePixels, decodes, callerDecodes } = flags;
  const given = {
    rate,
    burst,
    concurrency,
    share,
    connections,
    connectionsPerAddress,
    ratePixels,
    decodes,
    callerDecodes,
    bodyBytes: flags.maxBody,
    bufferedBytes: flags.buffered,
    pixels: flags.maxPixels,
    requestPixels: flags.maxRequestPixels,
    decodeBytes: flags.decodeMemory,
    requestMilliseconds: flags.timeout && flags.timeout * 1000,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Waits for SIGTERM, Ctrl-C, or the end of the npx that started this; the second signal ends the process at once, with exit code 130. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = () => {
      if (told) return endNow();
      told = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    whenStarterEnds(resolve);
  });
}
