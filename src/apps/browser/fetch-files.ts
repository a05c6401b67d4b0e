/**
 * The files of an export: fetched, held to their hashes, and kept in the browser's Cache Storage, so that a later visit needs no network.
 * Nothing else is fetched, and nothing is sent.
 */
import { LimnError, messageOf, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress-event.js';
import { checkManifest, type ExportedFile, type ExportManifest, imagePath, manifestName } from '../../search/export/format.js';

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
  private fetched = 0;
  private expected = 0;

  constructor(
    /** The folder, with a slash at the end. */
    readonly base: string,
    private readonly options: FileOptions = {},
  ) {}

  /** The manifest of now; without a network, the one of the last visit. @throws LimnError IO, GALLERY */
  async manifest(): Promise<ExportManifest> {
    const address = this.base + manifestName;
    const cache = await this.storage();
    const response = await this.get(address, { cache: 'no-cache' }).catch(async (error) => {
      const kept = await cache?.match(address);
      if (kept) return kept;
      throw error;
    });
    const text = await response.text();
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new LimnError('GALLERY', `${address} is damaged: it is not JSON. Export the gallery again.`);
    }
    const manifest = checkManifest(value, address);
    await this.keep(address, new TextEncoder().encode(text));
    await this.forgetOthers(manifest);
    return manifest;
  }

  /** The bytes of a file. @throws LimnError IO for a file that is missing, DATA for one that is damaged */
  async read({ path, bytes: size, sha256 }: ExportedFile): Promise<Uint8Array<ArrayBuffer>> {
    this.expected += size;
    const bytes = await this.whole(path, (content) => matches(content, sha256));
    this.fetched += size;
    this.options.onProgress?.({ stage: 'load', done: this.fetched, total: this.expected });
    return bytes;
  }

  /** An image by the name of its file. @throws as {@link read} */
  image(kind: 'thumbnails' | 'references', name: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.whole(imagePath(kind, name), (content) => matches(content, name));
  }

  address(path: string): string {
    return this.base + path;
  }

  private async whole(
    path: string,
    fits: (bytes: Uint8Array<ArrayBuffer>) => Promise<boolean>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const address = this.address(path);
    const kept = await (await this.storage())?.match(address);
    if (kept) {
      const bytes = new Uint8Array(await kept.arrayBuffer());
      if (await fits(bytes)) return bytes;
    }
    const bytes = new Uint8Array(
      await (await this.get(address, { cache: 'no-cache' })).arrayBuffer().catch(unreachable(address)),
    );
    if (!(await fits(bytes))) {
      const message = `The file ${path} of this export is damaged, or of another export. Reload the page; if that does not help, export the gallery again.`;
      throw new LimnError('DATA', message, { details: { path } });
    }
    await this.keep(address, bytes);
    return bytes;
  }

  private async get(address: string, init: RequestInit): Promise<Response> {
    const { signal } = this.options;
    throwIfAborted(signal, 'loading the gallery');
    const response = await fetch(address, signal ? { ...init, signal } : init).catch(unreachable(address, signal));
    if (response.ok) return response;
    const message = `The file ${address} of this export is missing (the host answered ${response.status}). Upload the whole folder of the export.`;
    throw new LimnError('IO', message, { details: { address, status: response.status } });
  }

  private async keep(address: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const cache = await this.storage();
    await cache?.put(address, new Response(bytes)).catch((error: unknown) => {
      const why =
        (error as { name?: string }).name === 'QuotaExceededError' ? 'its space for this site is full' : messageOf(error);
      this.notes.add(
        `Your browser does not keep this gallery for visits without a network: ${why}. Searching works all the same.`,
      );
    });
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
      if (!('caches' in globalThis)) return undefined;
      return caches.open(`limn ${this.base}`).catch(() => undefined);
    })();
    return this.cache;
  }
}

/** @param hash SHA-256 in hexadecimal, or its beginning */
async function matches(bytes: Uint8Array<ArrayBuffer>, hash: string): Promise<boolean> {
  return (await sha256(bytes)).startsWith(hash);
}

/** @throws LimnError RUNTIME where the browser hashes nothing, because the page came unencrypted */
export async function sha256(data: string | Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) {
    throw new LimnError('RUNTIME', 'Browsers verify files on secure pages only. Open the page over https://, or from localhost.');
  }
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : (data as Uint8Array<ArrayBuffer>);
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const unreachable = (address: string, signal?: AbortSignal) => (cause: unknown) => {
  throwIfAborted(signal, 'loading the gallery');
  throw new LimnError('IO', `${address} cannot be reached. Are you online?`, { details: { address }, cause });
};
