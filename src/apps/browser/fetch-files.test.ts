/** Fetching and keeping the files of an export, with a network and a cache of the test's own. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exportFormat } from '../../search/export/format.js';
import { ExportFiles } from './fetch-files.js';
import { requireSimd } from './simd.js';

const base = 'https://shop.example/search/';
const bytes = new TextEncoder().encode('the file');
const file = { path: 'data/file-1.bin', bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
const manifest = { format: exportFormat, files: { columns: file }, shards: [] };

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

it('lets the files of earlier exports go', async () => {
  kept.set(`${base}data/old.bin`, bytes);
  kept.set(base + file.path, bytes);
  await new ExportFiles(base).manifest();
  expect([...kept.keys()].sort()).toEqual([base + file.path, `${base}manifest.json`]);
});

it('works with a full cache, and says so once', async () => {
  isFull = true;
  const files = new ExportFiles(base);
  await files.manifest();
  expect(await text(files.read(file))).toBe('the file');
  expect([...files.notes]).toEqual([expect.stringMatching(/its space for this site is full\. Searching works all the same\.$/)]);
});

it.each([
  ['a damaged file', (): unknown => host.set(base + file.path, 'the fill'), /data\/file-1\.bin of this export is damaged/],
  ['a missing file', () => host.delete(base + file.path), /is missing \(the host answered 404\)\. Upload the whole folder/],
])('says what is wrong with %s, and keeps nothing of it', async (_, change, message) => {
  change();
  await expect(new ExportFiles(base).read(file)).rejects.toThrow(message);
  expect(kept.size).toBe(0);
});

it.each([
  ['{}', /is no export of limn/],
  [`{"format":"limn-export-9"}`, /of the format limn-export-9; this limn reads limn-export-1/],
  ['<html>', /is damaged: it is not JSON/],
])('refuses the manifest %s', async (content, message) => {
  host.set(`${base}manifest.json`, content);
  await expect(new ExportFiles(base).manifest()).rejects.toThrow(message);
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
