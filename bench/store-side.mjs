/** A process of stores.mjs: builds one store of a file's vectors, or searches it. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createStore, openStore } from '../dist/search/store/open-store.js';
import { peakBytes } from './peak-memory.mjs';
import { startPglite } from './pglite.mjs';
import { percentile } from './sides.mjs';
import { storeInfo, vectorItems } from './store-items.mjs';
import { width } from './vectors.mjs';

const batch = 2000;
const rounded = (value, digits = 2) => Number(value.toFixed(digits));
const seconds = (from, to) => rounded((to - from) / 1000);
const mib = (bytes) => rounded(bytes / 2 ** 20, 0);

async function sizeOf(path) {
  const about = await stat(path);
  if (!about.isDirectory()) return about.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Reads rows of the file of vectors. */
function readerOf(file) {
  return async (from, rows) => {
    const data = new Float32Array(rows * width);
    const input = await open(file);
    await input.read(new Uint8Array(data.buffer), 0, data.byteLength, 4 * from * width);
    await input.close();
    return data;
  };
}

async function build(location, { file, count }) {
  const read = readerOf(file);
  const store = await createStore(location, storeInfo(width), { replace: true });
  let writing = 0;
  for (let from = 0; from < count; from += batch) {
    const items = vectorItems(await read(from, Math.min(batch, count - from)), width, from);
    const started = performance.now();
    await store.upsert(items);
    writing += performance.now() - started;
  }
  const written = performance.now();
  await store.optimise();
  const optimised = performance.now();
  await store.close();
  return { write: rounded(writing / 1000), optimise: seconds(written, optimised), memoryMiB: mib(peakBytes()) };
}

async function search(location, { file, count, queries, most }) {
  const read = readerOf(file);
  const asked = await read(count, queries);
  const opening = performance.now();
  const store = await openStore(location);
  const opened = performance.now();
  const all = async (options) => {
    const one = (q) => store.search({ vector: asked.slice(q * width, (q + 1) * width), ...options });
    // The first searches fill the caches.
    for (let q = 0; q < Math.min(20, queries); q++) await one(q);
    const times = [];
    const found = [];
    for (let q = 0; q < queries; q++) {
      const before = performance.now();
      const hits = await one(q);
      times.push(performance.now() - before);
      found.push(hits.map(({ item }) => Number(item.id)));
    }
    return { found, times: { p50: rounded(percentile(times, 0.5)), p99: rounded(percentile(times, 0.99)) } };
  };
  const searches = {
    ten: await all({ limit: 10 }),
    all: await all({ limit: most }),
    filtered: await all({ limit: 10, filter: { kind: 'compare', field: 'n', comparison: '=', value: 7 } }),
  };
  const memory = peakBytes();
  await store.close();
  return { searches, openSeconds: seconds(opening, opened), memoryMiB: mib(memory) };
}

process.once('message', async ({ phase, store: kind, folder, ...task }) => {
  const pglite = kind === 'pglite' ? await startPglite(folder) : undefined;
  const location = pglite?.location ?? (kind.startsWith('postgres') ? kind : `${kind}:${folder}`);
  try {
    const result = await { build, search }[phase](location, task);
    process.send({ ...result, diskMiB: kind.startsWith('postgres') ? null : mib(await sizeOf(folder)) });
  } catch (error) {
    process.send({ error: error.message });
  }
  await pglite?.close();
  process.exit();
});
