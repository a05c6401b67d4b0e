/** Servers for tests, and raw requests that no HTTP client would send. */
import { connect } from 'node:net';
import { expect } from 'vitest';
import type { Problem } from '../contract.js';
import { type RunningServer, type ServerOptions, startServer } from '../server.js';
import { colourImage, FakeGallery } from './fake-gallery.js';

/** A server on a free port with the gallery "shop": red.jpg, green.jpg, blue.jpg and sub/grey one.png. */
export async function serveFake(
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { gallery: FakeGallery; at(path: string): string }> {
  const gallery = new FakeGallery();
  const images: [string, [number, number, number], 'jpeg' | 'png'][] = [
    ['red.jpg', [220, 20, 20], 'jpeg'],
    ['green.jpg', [20, 220, 20], 'jpeg'],
    ['blue.jpg', [20, 20, 220], 'jpeg'],
    ['sub/grey one.png', [120, 120, 120], 'png'],
  ];
  for (const [id, colour, format] of images) {
    const metadata = { colour: id.replace(/\.\w+$|^sub\//g, ''), price: colour[0] };
    await gallery.put({ id, bytes: await colourImage(...colour, format), metadata });
  }
  const server = await startServer({ galleries: { shop: gallery }, port: 0, page: '/nowhere', ...options });
  return Object.assign(server, { gallery, at: (path: string) => `${server.url}${path}` });
}

/** Expects a problem and returns its message. */
export async function problemOf(response: Response, status: number, code: string): Promise<string> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/json');
  const { error } = JSON.parse(text) as Problem;
  expect(error, text).toEqual({
    code,
    message: expect.stringMatching(/^[A-Z].*[.?]$/),
    request: response.headers.get('x-request-id'),
  });
  return error.message;
}

/** Sends bytes as they are and returns all that comes back. */
export function raw(port: number, text: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => chunks.push(chunk as Buffer));
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

export const asJson = (value: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

/** A multipart body of files and texts. */
export function form(parts: Record<string, Uint8Array | string>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    if (typeof value === 'string') body.set(name, value);
    else body.set(name, new Blob([value as Uint8Array<ArrayBuffer>]), name);
  }
  return body;
}
