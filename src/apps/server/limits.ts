/** How much one request, and all together, may ask of the server. */
export interface ServerLimits {
  /** Bytes of a request's body. @default 16 MiB */
  bodyBytes: number;
  /** Bytes of its JSON, alone or as a part. @default 256 KiB */
  jsonBytes: number;
  /** Bytes of all bodies that are held in memory at once; a request for which there is no room gets 503. @default 512 MiB */
  bufferedBytes: number;
  /** Parts of a multipart body. @default 24 */
  parts: number;
  /** Pixels of an uploaded picture. @default 50,000,000 */
  pixels: number;
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
  /** Connections; the next one is closed. @default 2,048 */
  connections: number;
  /** Requests a second of one key, or of one address where there are no keys; 0 for any number. @default 50 */
  rate: number;
  /** Requests of one key or address at once, before the rate counts. @default 200 */
  burst: number;
}

export const defaultLimits: ServerLimits = {
  bodyBytes: 16 * 2 ** 20,
  jsonBytes: 256 * 2 ** 10,
  bufferedBytes: 512 * 2 ** 20,
  parts: 24,
  pixels: 50_000_000,
  bodyMilliseconds: 15_000,
  headerMilliseconds: 10_000,
  requestMilliseconds: 30_000,
  concurrency: 32,
  waiting: 128,
  connections: 2048,
  rate: 50,
  burst: 200,
};
