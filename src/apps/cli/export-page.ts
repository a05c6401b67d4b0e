/** The page that "limn export" writes: what its build made, with ONNX Runtime Web, which was built into it. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LimnError } from '../../core/errors.js';
import type { ExportOptions } from '../../search/export/export-gallery.js';

/** Where the package keeps the page for exports. */
const builtPage = fileURLToPath(new URL('../../../web/dist', import.meta.url));

/** Of the runtime's builds: `ort-wasm-simd-threaded.jspi-HASH.wasm` and the script beside it are for WebGPU. */
const isForGpu = (name: string) => name.includes('.jspi');

/** @throws LimnError IO where it was not built */
export async function readExportPage(): Promise<Pick<ExportOptions, 'page' | 'runtime' | 'webgpuFiles'>> {
  const entries = await readdir(builtPage, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const isRuntime = (file: string) => basename(file).startsWith('ort-wasm') && file.endsWith('.wasm');
  const [runtime, forGpu] = [false, true].map((gpu) => names.find((file) => isRuntime(file) && isForGpu(basename(file)) === gpu));
  if (runtime === undefined || forGpu === undefined) {
    throw new LimnError(
      'IO',
      `The page for exports is not at ${builtPage}. Build it with "npm run build:web", or install limn again.`,
    );
  }
  const page = new Map<string, Uint8Array>();
  const gpuPage = new Map<string, Uint8Array>();
  for (const file of names.filter((name) => !isRuntime(name)).sort()) {
    const path = relative(builtPage, file).split(sep).join('/');
    const bytes = await readFile(file);
    (isForGpu(basename(file)) ? gpuPage : page).set(path, path === 'index.html' ? exportedIndex(bytes) : bytes);
  }
  return { page, runtime: await readFile(runtime), webgpuFiles: { page: gpuPage, runtime: await readFile(forGpu) } };
}

/** What the page of an export may load and run: its own files, and WebAssembly from them. */
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** The page, told that it is one of an export. A host of files sets no headers, so its content policy stands in it. */
function exportedIndex(index: Uint8Array): Uint8Array {
  const html = Buffer.from(index).toString('utf8');
  const tags = `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    <meta name="limn-export" content="./manifest.json" />`;
  return Buffer.from(html.replace(/<meta charset="[^"]*" ?\/?>/i, (charset) => `${charset}\n    ${tags}`));
}
