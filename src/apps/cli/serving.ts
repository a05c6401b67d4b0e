/** Serving galleries from the command line: the server of "limn serve" and "limn demo --serve", from start to end. */
import { createRequire } from 'node:module';
import { blockOtherFormats } from '../server/images.js';
import { defaultLimits, type ServerLimits } from '../server/limits.js';
import { createLog, type logLevels } from '../server/log.js';
import { startServer } from '../server/server.js';
import { endNow } from './interrupt.js';
import { closeGalleries, openGalleries } from './served-galleries.js';

/** How a server is to run: the flags of limn serve. */
export interface ServingFlags {
  model?: string;
  captioner?: string;
  host?: string;
  port?: number | undefined;
  keys?: string;
  open?: boolean;
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
  const log = createLog(flags.log ?? 'info');
  blockOtherFormats();
  const galleries = await openGalleries(named, { ...flags, pixelLimit: flags.maxPixels ?? defaultLimits.pixels });
  try {
    const server = await startServer({
      galleries: galleries.byName,
      host: flags.host,
      port: flags.port,
      keys: flags.keys,
      open: flags.open,
      origins: flags.cors,
      allowUrls: flags.allowUrls,
      proxies: flags.proxies,
      limits: limitsOf(flags),
      batching: { size: flags.batch, waitMilliseconds: flags.batchWait },
      log,
      version,
      processMetrics: true,
    });
    onListening(server.url);
    await untilTold();
    log.info('ending');
    await server.close((flags.shutdown ?? 10) * 1000);
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

/** Waits for SIGTERM or Ctrl-C; the second one ends the process at once, with exit code 130. */
function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = () => {
      if (told) return endNow();
      told = true;
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
