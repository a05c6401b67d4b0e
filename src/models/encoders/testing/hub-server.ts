/** Test helper: a hub on this machine, with a second server that large files are redirected to, and failures on demand. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';

export interface SeenRequest {
  /** Which of the two servers was asked. */
  server: 'hub' | 'store';
  path: string;
  headers: IncomingMessage['headers'];
}

interface Repo {
  commit: string;
  files: Map<string, Buffer>;
}

/** May answer in the server's place: true when it did. */
export type Hook = (request: SeenRequest, response: ServerResponse, content?: Buffer) => boolean;

/** Files from this size on are stored as large ones. */
const largeFrom = 4096;

export class HubServer {
  readonly requests: SeenRequest[] = [];
  readonly repos = new Map<string, Repo>();
  /** A token without which nothing is shown. */
  token: string | undefined;
  /** Whether listings tell sizes and hashes. */
  listsHashes = true;
  hook: Hook | undefined;
  endpoint = '';
  private store = '';
  private readonly servers: Server[] = [];

  static async start(): Promise<HubServer> {
    const hub = new HubServer();
    hub.endpoint = await hub.listen((request, response) => hub.answerHub(request, response));
    hub.store = await hub.listen((request, response) => hub.answerStore(request, response));
    return hub;
  }

  /** Serves the files of a folder as a repository; the commit follows from them. */
  add(repo: string, folder: string, changes: Record<string, Buffer> = {}): string {
    const files = new Map<string, Buffer>();
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile())
        files.set(relative(folder, join(entry.parentPath, entry.name)), readFileSync(join(entry.parentPath, entry.name)));
    }
    for (const [path, content] of Object.entries(changes)) files.set(path, content);
    const commit = createHash('sha1')
      .update(JSON.stringify([...files].map(([path, content]) => [path, sha256(content)])))
      .digest('hex');
    this.repos.set(repo, { commit, files });
    return commit;
  }

  /** The requests for a file's content, wherever it was. */
  contentRequests(path: string): SeenRequest[] {
    return this.requests.filter(({ server, path: asked }) => server === 'store' && asked.endsWith(`/${path}`));
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private async listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer);
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private seen(server: SeenRequest['server'], { url, headers }: IncomingMessage): SeenRequest {
    const request = { server, path: decodeURIComponent(url ?? ''), headers };
    this.requests.push(request);
    return request;
  }

  private answerHub(message: IncomingMessage, response: ServerResponse): unknown {
    const request = this.seen('hub', message);
    if (this.hook?.(request, response)) return;
    if (this.token && request.headers.authorization !== `Bearer ${this.token}`) return end(response, 401);
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision\/([^?]+)|refs)/.exec(request.path);
    if (api) return this.answerApi(response, api[1] as string, api[3]);
    const [, name = '', revision = '', path = ''] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
    const repo = this.repos.get(name);
    const content = repo?.commit === revision ? repo.files.get(path) : undefined;
    if (!repo || !content) return end(response, 404, { 'x-error-code': 'EntryNotFound' });
    if (content.length < largeFrom) {
      response.writeHead(200, { etag: `"${gitBlob(content)}"`, 'content-length': content.length }).end(content);
      return;
    }
    const headers = {
      'x-repo-commit': revision,
      'x-linked-etag': `"${sha256(content)}"`,
      'x-linked-size': String(content.length),
    };
    end(response, 302, { ...headers, location: `${this.store}/${name}/${revision}/${path}` });
  }

  private answerApi(response: ServerResponse, name: string, revision: string | undefined): unknown {
    const repo = this.repos.get(name);
    if (!repo) return end(response, 404, { 'x-error-code': 'RepoNotFound' });
    if (revision === undefined) return json(response, { branches: [{ name: 'main' }], tags: [{ name: 'v1' }] });
    if (!['main', 'v1', repo.commit].includes(revision)) return end(response, 404, { 'x-error-code': 'RevisionNotFound' });
    const siblings = [...repo.files].map(([rfilename, content]) => {
      if (!this.listsHashes) return { rfilename };
      const large = content.length >= largeFrom;
      const lfs = large ? { lfs: { sha256: sha256(content), size: content.length, pointerSize: 130 } } : {};
      return { rfilename, size: content.length, blobId: gitBlob(content), ...lfs };
    });
    json(response, { id: name, sha: repo.commit, siblings });
  }

  private answerStore(message: IncomingMessage, response: ServerResponse): void {
    const request = this.seen('store', message);
    const [, name = '', , path = ''] = /^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
    const content = this.repos.get(name)?.files.get(path) as Buffer;
    if (this.hook?.(request, response, content)) return;
    sendRange(request, response, content);
  }
}

/** Answers as a file store does: the whole, or the rest of it while the tag is still the same. */
export function sendRange({ headers }: SeenRequest, response: ServerResponse, content: Buffer, cutAfter?: number): unknown {
  const etag = `"store-${sha256(content).slice(0, 16)}"`;
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const partial = from > 0 && (headers['if-range'] ?? etag) === etag;
  if (partial && from >= content.length) return end(response, 416, { 'content-range': `bytes */${content.length}` });
  const rest = partial ? content.subarray(from) : content;
  const range = partial ? { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  response.writeHead(partial ? 206 : 200, { etag, 'content-length': rest.length, ...range });
  if (cutAfter === undefined) response.end(rest);
  // What the receiver has not read when the end comes is lost to it, so the end comes a little later.
  else response.write(rest.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 50));
}

export function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const gitBlob = (content: Buffer) => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
