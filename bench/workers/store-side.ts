/** A process of stores.ts: builds one store of a file's vectors, or searches it. */
import { type CreateStoreOptions, createStore, openStore, type VectorQuery } from 'limn/stores';
import { bytesIn } from '../lib/bytes-in.js';
import { peakBytes } from '../lib/peak-memory.js';
import { startPglite } from '../lib/pglite.js';
import { percentile, rounded } from '../lib/statistics.js';
import { storeInfo, vectorItems } from '../lib/store-items.js';
import type { Built, Searched, Searches, StoreTask } from '../lib/store-process.js';
import { readVectors, width } from '../lib/vectors.js';

const batch = 2000;
const seconds = (from: number, to: number) => rounded((to - from) / 1000);
const mib = (bytes: number) => rounded(bytes / 2 ** 20, 0);

async function build(location: string, { file, count }: StoreTask): Promise<Omit<Built, 'diskMiB'>> {
  const anew: CreateStoreOptions = { replace: true };
  const store = await createStore(location, storeInfo(width), anew);
  let writing = 0;
  for (let from = 0; from < count; from += batch) {
    const items = vectorItems(await readVectors(file, from, Math.min(batch, count - from)), width, from);
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

async function search(location: string, { file, count, queries, most }: StoreTask): Promise<Omit<Searched, 'diskMiB'>> {
  const asked = await readVectors(file, count, queries);
  const opening = performance.now();
  const store = await openStore(location);
  const opened = performance.now();
  const all = async (options: Omit<VectorQuery, 'vector'>): Promise<Searches> => {
    const one = (q: number) => store.search({ vector: asked.slice(q * width, (q + 1) * width), ...options });
    // The first searches fill the caches.
    for (let q = 0; q < Math.min(20, queries); q++) await one(q);
    const times: number[] = [];
    const found: number[][] = [];
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

process.once('message', async (message) => {
  const { phase, ...task } = message as StoreTask & { phase: 'build' | 'search' };
  const { store: kind, folder } = task;
  const pglite = kind === 'pglite' ? await startPglite(folder) : undefined;
  const isServer = kind.startsWith('postgres');
  const location = pglite?.location ?? (isServer ? kind : `${kind}:${folder}`);
  try {
    const result = await { build, search }[phase](location, task);
    process.send!({ ...result, diskMiB: isServer ? null : mib(await bytesIn(folder)) });
  } catch (error) {
    process.send!({ error: (error as Error).message });
  }
  await pglite?.close();
  process.exit();
});
