/**
 * The page, from the folder that its build made. All files are read when the server starts, and only these have paths: a request cannot
 * name any other file, however it is written.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sha256 } from '../../../core/files.js';
import { pagePolicy } from '../guard/security-headers.js';
import { acceptsGzip } from '../request/header-values.js';

/** Where the package keeps the page. */
export const builtPage = fileURLToPath(new URL('../../../../web/dist', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
const compressible = /^(text\/|application\/|image\/svg)/;

export interface PageFile {
  bytes: Uint8Array;
  /** Where it is worth it. */
  gzipped?: Uint8Array | undefined;
  headers: Readonly<Record<string, string>>;
}

/** Files by the path of their URL, "/" for index.html; empty where the page was not built. */
export async function loadPage(folder = builtPage): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const place = join(entry.parentPath, entry.name);
    const type = types[extname(entry.name).toLowerCase()];
    if (!entry.isFile() || !type) continue;
    const path = `/${relative(folder, place).split(sep).join('/')}`;
    files.set(path === '/index.html' ? '/' : path, await pageFile(path, type, await readFile(place)));
  }
  return files;
}

async function pageFile(path: string, type: string, bytes: Uint8Array): Promise<PageFile> {
  // Vite puts the hash of its content into the name of each asset.
  const hashed = /^\/assets\/.*-[\w-]{8}\.\w+$/.test(path);
  const zipped = compressible.test(type) && bytes.length > 1024 ? await promisify(gzip)(bytes, { level: 9 }) : undefined;
  return {
    bytes,
    gzipped: zipped && zipped.length < bytes.length ? zipped : undefined,
    headers: {
      'content-type': type,
      'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: `"${sha256(bytes).slice(0, 32)}"`,
      vary: 'accept-encoding',
      'content-security-policy': pagePolicy,
    },
  };
}

/** The answer for a file, shorter where the caller has it or reads gzip. */
export function pageResponse(
  file: PageFile,
  request: { ifNoneMatch?: string | undefined; acceptEncoding?: string | undefined },
): Response {
  const { headers, bytes, gzipped } = file;
  if (matchesTag(request.ifNoneMatch, headers.etag as string)) return new Response(null, { status: 304, headers });
  if (!gzipped || !acceptsGzip(request.acceptEncoding)) return new Response(bytes, { headers });
  return new Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } });
}

/** Whether an If-None-Match header names a tag. */
export function matchesTag(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((part) => [tag, `W/${tag}`, '*'].includes(part.trim()));
}

/** What stands at "/" where the page was not built. */
export const withoutPage = `limn serve is running.

The page was not built with this copy of limn: "npm run build:web" builds it.
The API is described at /docs, and for programs at /openapi.json.
`;
