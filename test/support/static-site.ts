/** A host of static files for tests: it serves a folder, and does wrong what a test wants it to. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};

/** What is sent. */
export interface Sent {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

export interface Faults {
  /** Waited for before a file is sent. */
  delay?: (path: string) => Promise<void> | undefined;
  /** What is sent in place of a file; undefined ends the connection. */
  change?: (path: string, sent: Sent) => Sent | undefined;
}

export class StaticSite {
  /** What is served. */
  folder: string;
  faults: Faults = {};
  private readonly server: Server;

  private constructor(folder: string) {
    this.folder = folder;
    this.server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname);
      void this.answer(path).then((sent) => {
        if (!sent) return request.socket.destroy();
        response.writeHead(sent.status, sent.headers).end(sent.body);
      });
    });
  }

  static async start(folder: string): Promise<StaticSite> {
    const site = new StaticSite(folder);
    await new Promise<void>((listening) => site.server.listen(0, '127.0.0.1', listening));
    return site;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** With a slash at the end. */
  get address(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Ends what is being sent. */
  cut(): void {
    this.server.closeAllConnections();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private async answer(path: string): Promise<Sent | undefined> {
    // Where a test asks the worker alone, the page does not load it a second time.
    if (path === '/blank') return page('<title>blank</title>');
    await this.faults.delay?.(path);
    const name = path.endsWith('/') ? `${path}index.html` : path;
    const sent = await readFile(join(this.folder, name)).then(
      (body): Sent => ({ status: 200, headers: { 'content-type': types[extname(name)] ?? 'application/octet-stream' }, body }),
      (): Sent => ({ status: 404, headers: {}, body: Buffer.alloc(0) }),
    );
    return this.faults.change ? this.faults.change(path, sent) : sent;
  }
}

/** A web page. */
export const page = (html: string): Sent => ({ status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(html) });
