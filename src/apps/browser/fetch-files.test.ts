/** Fetching and keeping the files of an export, with a network and a cache of the test's own. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exportFormat } from '../../search/export/format.js';
import { ExportFiles } from './fetch-files.js';
import { requireSimd } from './simd.js';

const base = 'https://shop.example/search/';
const bytes = new TextEncoder().encode('the file');
const file = { path: 'data/file-1.bin', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
const manifest = {
  format: exportFormat,
  count: 1,
  model: { hash: 'a model' },
  sizes: {},
  vectors: { type: 'int8' },
  files: { columns: file, model: file, query: file, gallery: file, runtime: file },
  shards: [],
};

let host: Map<string, string>;
let fetched: string[];
let kept: Map<string, Uint8Array>;
let isFull: boolean;

beforeEach(() => {
  host = new Map([
    [`${base}manifest.json`, JSON.stringify(manifest)],
    [base + file.path, 'the file'],
  ]);
  fetched = [];
  kept = new Map();
  isFull = false;
  vi.stubGlobal('fetch', async (address: string) => {
    fetched.push(address);
    if (host.size === 0) throw new TypeError('Failed to fetch');
    const content = host.get(address);
    return content === undefined ? new Response(null, { status: 404 }) : new Response(content);
  });
  vi.stubGlobal('caches', {
    open: async () => ({
      match: async (address: string) =>
        kept.has(address) ? new Response(kept.get(address) as Uint8Array<ArrayBuffer>) : undefined,
      put: async (address: string, response: Response) => {
        if (isFull) throw new DOMException('no room', 'QuotaExceededError');
        kept.set(address, new Uint8Array(await response.arrayBuffer()));
      },
      keys: async () => [...kept.keys()].map((url) => ({ url })),
      delete: async (address: string) => kept.delete(address),
    }),
  });
});
afterEach(() => vi.unstubAllGlobals());

const text = async (reading: Promise<Uint8Array>) => new TextDecoder().decode(await reading);

it('fetches a file once, and needs no network afterwards', async () => {
  const first = new ExportFiles(base);
  expect((await first.manifest()).format).toBe(exportFormat);
  expect(await text(first.read(file))).toBe('the file');
  await first.kept();
  host.clear();
  const again = new ExportFiles(base);
  expect((await again.manifest()).files.columns).toEqual(file);
  fetched = [];
  expect(await text(again.read(file))).toBe('the file');
  expect(fetched).toEqual([]);
  await expect(new ExportFiles(base, { cache: false }).manifest()).rejects.toThrow(/cannot be reached. Are you online/);
});

it('does not trust what it kept, and fetches a damaged copy again', async () => {
  kept.set(base + file.path, new TextEncoder().encode('the fill'));
  expect(await text(new ExportFiles(base).read(file))).toBe('the file');
  expect(fetched).toEqual([base + file.path]);
});

it('tells an export that was replaced while it is open from one that lacks a file', async () => {
  const files = new ExportFiles(base, { cache: false });
  await files.manifest();
  host.set(base + file.path, 'the fill');
  await expect(files.read(file)).rejects.toThrow(/is damaged, or of another export/);
  host.delete(base + file.path);
  await expect(files.read(file)).rejects.toThrow(/is missing/);
  host.set(`${base}manifest.json`, '<title>The shop is closed</title>');
  await expect(files.read(file)).rejects.toThrow(/is missing/);
  host.set(`${base}manifest.json`, JSON.stringify({ ...manifest, count: 2 }));
  await expect(files.read(file)).rejects.toThrow(/exported again since the page was opened. Reload the page/);
  host.set(base + file.path, 'the fill');
  await expect(files.read(file)).rejects.toThrow(/exported again/);
});

it('lets the files of earlier exports go', async () => {
  kept.set(`${base}data/old.bin`, bytes);
  kept.set(base + file.path, bytes);
  const files = new ExportFiles(base);
  await files.manifest();
  await files.kept();
  expect([...kept.keys()].sort()).toEqual([base + file.path, `${base}manifest.json`]);
});

it('works with a full cache, and says so once', async () => {
  isFull = true;
  const files = new ExportFiles(base);
  await files.manifest();
  expect(await text(files.read(file))).toBe('the file');
  await files.kept();
  expect([...files.notes]).toEqual([expect.stringMatching(/its space for this site is full\. Searching works all the same\.$/)]);
});

it.each([
  ['a damaged file', (): unknown => host.set(base + file.path, 'the fill'), /data\/file-1\.bin of this export is damaged/],
  [
    'a missing file',
    () => host.delete(base + file.path),
    /is missing \(the host answered 404\)\. Reload the page; if that does not help, upload the whole folder/,
  ],
  ['a longer file', () => host.set(base + file.path, 'the file and more'), /data\/file-1\.bin of this export is damaged/],
  ['a file that was cut short', () => host.set(base + file.path, 'the fil'), /data\/file-1\.bin of this export is damaged/],
])('says what is wrong with %s, and keeps nothing of it', async (_, change, message) => {
  change();
  await expect(new ExportFiles(base).read(file)).rejects.toThrow(message);
  expect(kept.size).toBe(0);
});

it.each([
  ['{}', /is no export of limn/],
  [`{"format":"limn-export-9"}`, /of the format limn-export-9; this limn reads limn-export-1/],
  ['<html>', /is damaged: it is not JSON/],
  [JSON.stringify({ format: exportFormat }), /is damaged: it lacks "count"/],
  [JSON.stringify({ ...manifest, files: { ...manifest.files, query: undefined } }), /is damaged: it lacks the file of "query"/],
  [JSON.stringify({ ...manifest, shards: [{ path: 'data/vectors-0.bin' }] }), /is damaged: it lacks the files of vectors/],
])('refuses the manifest %s', async (content, message) => {
  host.set(`${base}manifest.json`, content);
  await expect(new ExportFiles(base).manifest()).rejects.toThrow(message);
});

it('says that a host answers with its own page where a file is missing', async () => {
  const page = () => new Response('<title>Shop</title>', { headers: { 'content-type': 'text/html; charset=utf-8' } });
  vi.stubGlobal('fetch', async () => page());
  await expect(new ExportFiles(base).read(file)).rejects.toThrow(/file-1\.bin .* is missing: the host answered with a web page/);
  await expect(new ExportFiles(base).manifest()).rejects.toThrow(
    /manifest\.json .* is missing: the host answered with a web page/,
  );
});

it('says what it cannot keep, and works on a page that came unencrypted', async () => {
  vi.unstubAllGlobals();
  vi.stubGlobal('fetch', async () => new Response('the file'));
  vi.stubGlobal('crypto', {});
  vi.stubGlobal('isSecureContext', false);
  const files = new ExportFiles(base);
  expect(await text(files.read(file))).toBe('the file');
  expect([...files.notes]).toEqual([expect.stringMatching(/does not keep this gallery .*: the page came unencrypted\./)]);
});

it('tells how much is here of all that was announced, as it comes', async () => {
  const told: [number, number][] = [];
  const pieces = ['the ', 'fi', 'le'].map((piece) => new TextEncoder().encode(piece));
  vi.stubGlobal('fetch', async () => new Response(ReadableStream.from(pieces)));
  const files = new ExportFiles(base, { onProgress: ({ done, total }) => told.push([done, total]) });
  files.expect([file, undefined, { ...file, path: 'data/other.bin', bytes: 92 }]);
  await files.read(file);
  await files.kept();
  await files.read(file);
  expect(told).toEqual([
    [0, 100],
    [4, 100],
    [6, 100],
    [8, 100],
  ]);
});

it('stops what is being fetched, and fetches again what is asked for afterwards', async () => {
  const files = new ExportFiles(base);
  let begun = 0;
  vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
    if (begun++ > 0) return new Response('the file');
    return new Promise((_done, fail) => signal?.addEventListener('abort', () => fail(signal.reason)));
  });
  const first = files.read(file);
  await vi.waitFor(() => expect(begun).toBe(1));
  files.stop();
  await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(await text(files.read(file))).toBe('the file');
});

it('asks about the host where it is another site', async () => {
  host.clear();
  vi.stubGlobal('location', { origin: 'https://blog.example' });
  await expect(new ExportFiles(base).read(file)).rejects.toThrow(/cannot be reached\. .*allow other sites to read it \(CORS\)\?/);
});

it('ends when it is told to', async () => {
  const signal = AbortSignal.abort();
  await expect(new ExportFiles(base, { signal }).manifest()).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

it('says that a browser has no SIMD', () => {
  requireSimd();
  vi.stubGlobal('WebAssembly', { validate: () => false });
  expect(() => requireSimd()).toThrow(/lacks WebAssembly with SIMD/);
  vi.stubGlobal('WebAssembly', undefined);
  expect(() => requireSimd()).toThrow(/lacks WebAssembly with SIMD/);
});
