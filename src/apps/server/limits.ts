/** How much one request, one caller, and all together, may ask of the server. A caller is a key, or an address where there are no keys. */
export interface ServerLimits {
  /** Bytes of a request's body. @default 16 MiB */
  bodyBytes: number;
  /** Bytes of its JSON, alone or as a part. @default 256 KiB */
  jsonBytes: number;
  /** Bytes of bodies, and of pictures that are sent, that are in memory at once; a request for which there is no room gets 503. @default 512 MiB */
  bufferedBytes: number;
  /** Parts of a multipart body. @default 24 */
  parts: number;
  /** Pixels of an uploaded picture. @default 50,000,000 */
  pixels: number;
  /** Pixels that one request may have decoded, as {@link DecodeCost} weighs them. @default 100,000,000 */
  requestPixels: number;
  /** Pixels that count as one more request at the rate, weighed in the same way; 0 for none. @default 1,000,000 */
  ratePixels: number;
  /** Bytes that pictures may take while they are decoded, by their headers; one that alone needs more gets 413. @default 512 MiB */
  decodeBytes: number;
  /** Pictures that are decoded at once, of which one may be large. @default 3 */
  decodes: number;
  /** Pictures of one caller that are decoded at once. @default 2 */
  callerDecodes: number;
  /** Time to send the body in, in milliseconds. @default 15,000 */
  bodyMilliseconds: number;
  /** Time to send the headers in, in milliseconds. @default 10,000 */
  headerMilliseconds: number;
  /** Time for everything, in milliseconds. @default 30,000 */
  requestMilliseconds: number;
  /** Requests that are worked on at once. @default 32 */
  concurrency: number;
  /** Requests that wait for one of these places; the next one gets 503. @default 128 */
  waiting: number;
  /** The part of these places, and of the memory for bodies, that one caller alone may have; 1 for all of it. @default 0.5 */
  share: number;
  /** Connections; for one more the one that is not in use for longest is closed. @default 2,048 */
  connections: number;
  /** Connections of one address; 0 for as many as there may be. @default 256, and 0 behind proxies of one's own */
  connectionsPerAddress: number;
  /** Requests a second of one caller; 0 for any number. @default 50 */
  rate: number;
  /** Requests of one caller at once, before the rate counts. @default 200 */
  burst: number;
}

export const defaultLimits: ServerLimits = {
  bodyBytes: 16 * 2 ** 20,
  jsonBytes: 256 * 2 ** 10,
  bufferedBytes: 512 * 2 ** 20,
  parts: 24,
  pixels: 50_000_000,
  requestPixels: 100_000_000,
  ratePixels: 1_000_000,
  decodeBytes: 512 * 2 ** 20,
  decodes: 3,
  callerDecodes: 2,
  bodyMilliseconds: 15_000,
  headerMilliseconds: 10_000,
  requestMilliseconds: 30_000,
  concurrency: 32,
  waiting: 128,
  share: 0.5,
  connections: 2048,
  connectionsPerAddress: 256,
  rate: 50,
  burst: 200,
};
