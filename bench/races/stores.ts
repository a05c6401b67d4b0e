/**
 * Stores with many vectors: how long they take to build, how large they are, and how fast and well they find.
 *
 *     npm run bench -- stores [-- --count 100000,1000000 --store memory,lancedb --vectors spread]
 *
 * `--store` takes also `pglite` (pgvector in PGlite, which is PostgreSQL as WebAssembly: give a --count of 10,000) and `postgres://...`. Vectors
 * are drawn (vectors.ts). Each store is built in a process of its own and searched in another, whose peaks of memory are told; recall is against
 * a plain loop in double precision over all vectors. Results go to bench/results/stores.json, or
 * stores-KIND.json for other vectors or a single store.
 */

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exponent } from '../lib/exponent.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { inProcess, type StoreTask } from '../lib/store-process.js';
import { type Draw, drawVectors, kinds, width } from '../lib/vectors.js';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100000,1000000' },
    store: { type: 'string', default: 'memory,lancedb' },
    queries: { type: 'string', default: '100' },
    vectors: { type: 'string', default: 'spread' },
  },
});
const queries = Number(flags.queries);
const draws: Readonly<Record<string, () => Draw>> = kinds;
const slab = 10_000;
/** As many as a search of a gallery ranks. */
const most = 200;

/** Writes vectors and behind them the queries into a file. @returns the `most` nearest of each query, best first */
async function drawAndRank(file: string, count: number): Promise<number[][]> {
  const draw = draws[flags.vectors]?.();
  if (!draw) throw new Error(`there are no vectors "${flags.vectors}": give --vectors ${Object.keys(draws).join(' or ')}`);
  const asked = drawVectors(draw, queries, 3);
  const best = Array.from({ length: queries }, (): { id: number; similarity: number }[] => []);
  const out = await open(file, 'w');
  for (let from = 0; from < count; from += slab) {
    const rows = Math.min(slab, count - from);
    const data = drawVectors(draw, rows, 10 + from);
    await out.writeFile(new Uint8Array(data.buffer));
    for (let q = 0; q < queries; q++) {
      const found = best[q]!;
      const least = found[most - 1]?.similarity ?? -1;
      for (let row = 0; row < rows; row++) {
        let similarity = 0;
        for (let i = 0; i < width; i++) similarity += asked[q * width + i]! * data[row * width + i]!;
        if (similarity > least) found.push({ id: from + row, similarity });
      }
      best[q] = found.sort((a, b) => b.similarity - a.similarity).slice(0, most);
    }
  }
  await out.writeFile(new Uint8Array(asked.buffer));
  await out.close();
  return best.map((found) => found.map(({ id }) => id));
}

/** Builds and searches a store. @param nearest of each query, best first */
async function measure(store: string, task: Omit<StoreTask, 'store' | 'folder'>, nearest: readonly number[][]) {
  const place = { ...task, store, folder: join(folder, store.replace(/\W.*/, '')) };
  const { diskMiB, memoryMiB: building, ...buildSeconds } = await inProcess('build', place);
  const { searches, openSeconds, memoryMiB: searching } = await inProcess('search', place);
  await rm(place.folder, { recursive: true, force: true });
  const recall = (found: readonly number[][], at: number) => {
    const hits = found.reduce(
      (sum, ids, q) => sum + nearest[q]!.slice(0, at).filter((id) => ids.slice(0, at).includes(id)).length,
      0,
    );
    return Number((hits / (at * queries)).toFixed(4));
  };
  const { ten, all, filtered } = searches;
  return {
    store: store.startsWith('postgres') ? 'pgvector' : store,
    recall: { at10: recall(ten.found, 10), at10Of200: recall(all.found, 10), at200: recall(all.found, most) },
    milliseconds: { limit10: ten.times, limit200: all.times, onePercent: filtered.times },
    buildSeconds,
    openSeconds,
    memoryMiB: { building, searching },
    diskMiB,
  };
}

type Result = { count: number } & Awaited<ReturnType<typeof measure>>;

/** How the median time grows with the number of vectors, by store. */
function growth(results: readonly Result[], part: keyof Result['milliseconds']) {
  const stores = [...new Set(results.map(({ store }) => store))];
  return Object.fromEntries(
    stores.flatMap((store) => {
      const of = results.filter((result) => result.store === store);
      if (of.length < 2) return [];
      const counts = of.map(({ count }) => count);
      const times = of.map(({ milliseconds }) => milliseconds[part].p50);
      return [[store, Number(exponent(counts, times).toFixed(2))]];
    }),
  );
}

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-stores-'));
try {
  const results: Result[] = [];
  for (const count of flags.count.split(',').map(Number)) {
    const file = join(folder, 'vectors.f32');
    const nearest = await drawAndRank(file, count);
    for (const store of flags.store.split(',')) {
      results.push({ count, ...(await measure(store, { file, count, queries, most }, nearest)) });
      console.error(JSON.stringify(results.at(-1)));
    }
    await rm(file);
  }
  console.table(
    results.map(({ store, count, recall, milliseconds, buildSeconds, memoryMiB, diskMiB }) => ({
      store,
      vectors: count,
      'recall@10': recall.at10,
      'recall@200': recall.at200,
      '10: p50 / p99 ms': `${milliseconds.limit10.p50} / ${milliseconds.limit10.p99}`,
      '200: p50 / p99 ms': `${milliseconds.limit200.p50} / ${milliseconds.limit200.p99}`,
      'build s': Number((buildSeconds.write + buildSeconds.optimise).toFixed(1)),
      'building MiB': memoryMiB.building,
      'searching MiB': memoryMiB.searching,
      'disk MiB': diskMiB,
    })),
  );
  const exponents = { limit10: growth(results, 'limit10'), limit200: growth(results, 'limit200') };
  console.log('growth exponents of the median time:', JSON.stringify(exponents));
  const { vectors } = flags;
  const kind = [...(vectors === 'spread' ? [] : [vectors]), ...(flags.store.includes(',') ? [] : [results[0]!.store])];
  await saveResult(['stores', ...kind].join('-'), { width, queries, vectors, exponents, results });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true });
}
