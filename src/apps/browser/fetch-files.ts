/**
 * The files of an export: fetched, held to their hashes, and kept in the browser's Cache Storage, so that a later visit needs no network.
 * Nothing else is fetched, and nothing is sent.
 */
import { LimnError, messageOf, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress-event.js';
import { checkManifest, type ExportedFile, type ExportManifest, imagePath, manifestName } from '../../search/export/format.js';
import { LoadProgress } from './load-progress.js';
import { sha256 } from './sha256.js';

export interface FileOptions {
  /** Keep files for visits without a network. @default true */
  cache?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export class ExportFiles {
  /** What a person should know of how files were fetched and kept, in sentences. */
  readonly notes = new Set<string>();
  private cache: Promise<Cache | undefined> | undefined;
  private readonly progress: LoadProgress;
  private stopping = new AbortController();
  /** The manifest as it was read. */
  private opened: string | undefined;
  /** What was read and is not kept yet, by its address. */
  private readonly unkept = new Map<string, Uint8Array<ArrayBuffer>>();
  private keeping: Promise<void> = Promise.resolve();

  constructor(
    /** The folder, with a slash at the end. */
    readonly base: string,
    private readonly options: FileOptions = {},
  ) {
    options.signal?.addEventListener('abort', () => this.stop(), { once: true });
    this.progress = new LoadProgress(options.onProgress);
  }

  /** Says which files will be read, for the total that progress is told of. */
  expect(files: readonly (ExportedFile | undefined)[]): void {
    this.progress.expect(files);
  }

  /** Stops what is being fetched, which fails with INTERRUPTED; what is asked for afterwards is fetched. */
  stop(): void {
    this.stopping.abort();
    this.stopping = new AbortController();
  }

  /** Keeps copies of what was read. It is not done while reading: writing them takes time that the first search needs. */
  async kept(): Promise<void> {
    this.keeping = this.keeping.then(async () => {
      const cache = await this.storage();
      for (const [address, bytes] of this.unkept) {
        this.unkept.delete(address);
        await cache?.put(address, new Response(bytes)).catch((error: unknown) => this.noteUnkept(error));
      }
    });
    await this.keeping;
  }

  /** The manifest of now; without a network, the one of the last visit. @throws LimnError IO, GALLERY */
  async manifest(): Promise<ExportManifest> {
    const address = this.base + manifestName;
    const cache = await this.storage();
    const response = await this.get(address).catch(async (error) => {
      const kept = await cache?.match(address);
      if (kept) return kept;
      throw error;
    });
    const text = await response.text();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (isWebPage(response)) throw missingFile(address, { address });
      throw new LimnError('GALLERY', `${address} is damaged: it is not JSON. Export the gallery again.`);
    }
    const manifest = checkManifest(value, address);
    this.opened = text;
    this.keep(address, new TextEncoder().encode(text));
    await this.forgetOthers(manifest);
    return manifest;
  }

  /** The bytes of a file. @throws LimnError IO for a file that is missing, DATA for one that is damaged */
  async read(file: ExportedFile): Promise<Uint8Array<ArrayBuffer>> {
    const { path, bytes: size, sha256: hash } = file;
    this.progress.expect([file]);
    const bytes = await this.whole(path, hash, (response) =>
      readBody(response, size, (done) => this.progress.reached(path, done)),
    );
    this.progress.reached(path, size);
    return bytes;
  }

  /** An image by the name of its file. @throws as {@link read} */
  image(kind: 'thumbnails' | 'references', name: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.whole(imagePath(kind, name), name, async (response) => new Uint8Array(await response.arrayBuffer()));
  }

  address(path: string): string {
    return this.base + path;
  }

  /** @param hash SHA-256 in hexadecimal, or its beginning */
  private async whole(
    path: string,
    hash: string,
    bodyOf: (response: Response) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const address = this.address(path);
    const fits = async (bytes: Uint8Array) => (await sha256(bytes)).startsWith(hash);
    const kept = await (await this.storage())?.match(address).catch(() => undefined);
    if (kept) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      if (await fits(bytes)) return bytes;
    }
    const { signal } = this.stopping;
    const response = await this.get(address);
    const bytes = await bodyOf(response).catch(unreachable(address, signal));
    throwIfAborted(signal, loading);
    if (await fits(bytes)) {
      this.keep(address, bytes);
      return bytes;
    }
    await this.requireUnchanged();
    if (isWebPage(response)) throw missingFile(path, { path });
    throw new LimnError(
      'DATA',
      `The file ${path} of this export is damaged, or of another export. Reload the page; if that does not help, export the gallery again.`,
      { details: { path } },
    );
  }

  private async get(address: string): Promise<Response> {
    const { signal } = this.stopping;
    throwIfAborted(this.options.signal, loading);
    // Names hold hashes, but a host's caches may hold a file that was cut short.
    const response = await fetch(address, { cache: 'no-cache', signal }).catch(unreachable(address, signal));
    if (response.ok) return response;
    await this.requireUnchanged();
    const message = `The file ${address} of this export is missing (the host answered ${response.status}). ${missingAdvice}`;
    throw new LimnError('IO', message, { details: { address, status: response.status } });
  }

  /** @throws LimnError GALLERY where the host has another export than the one that was opened */
  private async requireUnchanged(): Promise<void> {
    if (this.opened === undefined) return;
    const address = this.base + manifestName;
    const text = await fetch(address, { cache: 'no-cache', signal: this.stopping.signal })
      .then((response) => (response.ok ? response.text() : undefined))
      .catch(() => undefined);
    if (text === undefined || text === this.opened || !isManifest(text, address)) return;
    const message = 'This gallery was exported again since the page was opened. Reload the page.';
    throw new LimnError('GALLERY', message, { details: { address } });
  }

  private keep(address: string, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.options.cache !== false) this.unkept.set(address, bytes);
  }

  private noteUnkept(error: unknown): void {
    const isFull = (error as { name?: string }).name === 'QuotaExceededError';
    const why = isFull ? 'its space for this site is full' : messageOf(error);
    this.notes.add(`Your browser does not keep this gallery for visits without a network: ${why}. Searching works all the same.`);
  }

  /** Files of earlier exports are let go. */
  private async forgetOthers({ files, shards }: ExportManifest): Promise<void> {
    const cache = await this.storage();
    const named = new Set(
      [...Object.values(files), ...shards].map((file: ExportedFile | undefined) => this.address(file?.path ?? '')),
    );
    for (const { url } of (await cache?.keys().catch(() => [])) ?? []) {
      if (url.startsWith(`${this.base}data/`) && !named.has(url)) await cache?.delete(url).catch(() => false);
    }
  }

  private storage(): Promise<Cache | undefined> {
    if (this.options.cache === false) return Promise.resolve(undefined);
    this.cache ??= (async () => {
      if (!('caches' in globalThis)) {
        this.noteUnkept(globalThis.isSecureContext === false ? 'the page came unencrypted' : 'it has no storage for files');
        return undefined;
      }
      return caches.open(`limn ${this.base}`).catch((error: unknown) => {
        this.noteUnkept(error);
        return undefined;
      });
    })();
    return this.cache;
  }
}

function isManifest(text: string, address: string): boolean {
  try {
    return checkManifest(JSON.parse(text), address) !== undefined;
  } catch {
    return false;
  }
}

const loading = 'loading the gallery';
const missingAdvice = 'Reload the page; if that does not help, upload the whole folder of the export.';

const isWebPage = (response: Response) => response.headers.get('content-type')?.startsWith('text/html') === true;

/** Of a host that answers with a page of its own where there is no file. */
const missingFile = (name: string, details: Record<string, unknown>) =>
  new LimnError('IO', `The file ${name} of this export is missing: the host answered with a web page. ${missingAdvice}`, {
    details,
  });

/** A body of a known size, in one block of memory. A longer one is given up: what came shows that it is not the file. */
async function readBody(response: Response, size: number, onBytes: (done: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  const reader = response.body?.getReader();
  let done = 0;
  for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
    if (done + piece.value.length > size) {
      await reader?.cancel();
      return bytes.subarray(0, 0);
    }
    bytes.set(piece.value, done);
    done += piece.value.length;
    onBytes(done);
  }
  return bytes.subarray(0, done);
}

const unreachable = (address: string, signal: AbortSignal) => (cause: unknown) => {
  throwIfAborted(signal, loading);
  const isForeign = globalThis.location !== undefined && new URL(address).origin !== globalThis.location.origin;
  const advice = isForeign ? ' Does its host allow other sites to read it (CORS)?' : '';
  throw new LimnError('IO', `${address} cannot be reached. Are you online?${advice}`, { details: { address }, cause });
};
