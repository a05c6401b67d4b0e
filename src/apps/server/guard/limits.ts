/** How much one request, one caller, and all together, may ask of the server. */
import { z } from 'zod';

/** The settings of limits, each with its default; texts are those of `limn serve --help` as well. */
export const serverLimits = z.strictObject({
  bodyBytes: z
    .int()
    .min(1024)
    .default(16 * 2 ** 20)
    .describe('maximum bytes of a request body'),
  jsonBytes: z
    .int()
    .min(1)
    .default(256 * 2 ** 10)
    .describe("maximum bytes of a request's JSON, alone or as a part"),
  /** A request for which there is no room gets 503. */
  bufferedBytes: z
    .int()
    .min(1024)
    .default(512 * 2 ** 20)
    .describe('maximum bytes of all bodies and images in memory'),
  parts: z.int().min(1).default(24).describe('parts of a multipart body'),
  pixels: z.int().min(1).default(50_000_000).describe('maximum pixels of an uploaded image'),
  /** Weighed as {@link DecodeCost} does. */
  requestPixels: z
    .int()
    .min(1)
    .default(100_000_000)
    .describe('maximum decoded pixels of one request; those of baseline JPEG count an eighth'),
  /** Weighed in the same way. */
  ratePixels: z.int().min(0).default(1_000_000).describe('decoded pixels that count as one more request; 0 for none'),
  /** By their headers; a picture that alone needs more gets 413. */
  decodeBytes: z
    .int()
    .min(1024)
    .default(512 * 2 ** 20)
    .describe('maximum bytes of images during decoding'),
  /** Of these one may be large. */
  decodes: z.int().min(1).default(3).describe('images that are decoded at once'),
  callerDecodes: z.int().min(1).default(2).describe('images that are decoded at once for one key or address'),
  bodyMilliseconds: z.number().positive().default(15_000).describe('milliseconds to send the body in'),
  headerMilliseconds: z.number().positive().default(10_000).describe('milliseconds to send the headers in'),
  requestMilliseconds: z.number().positive().default(30_000).describe('milliseconds for a request in total'),
  concurrency: z.int().min(1).default(32).describe('requests that are processed at once'),
  /** The next one gets 503. */
  waiting: z.int().min(0).default(128).describe('requests that wait for one of these places'),
  share: z
    .number()
    .positive()
    .max(1)
    .default(0.5)
    .describe('share of the places and the memory that one key or address may have, 1 for all'),
  /** For one more the one that is not in use for longest is closed. */
  connections: z.int().min(1).default(2048).describe('connections at once'),
  /** 0 behind proxies of one's own, from which all connections come. */
  connectionsPerAddress: z.int().min(0).default(256).describe('connections from one address at once; 0 for any number'),
  rate: z.number().min(0).default(50).describe('requests a second for one key or address; 0 for any number'),
  burst: z.number().min(1).default(200).describe('requests that one key or address may send at once, before the rate applies'),
});

/** How much one request, one caller, and all together, may ask of the server. A caller is a key, or an address where there are no keys. */
export type ServerLimits = z.output<typeof serverLimits>;

/** The limits of a server that sets none. */
export const defaultLimits: Readonly<ServerLimits> = serverLimits.parse({});
