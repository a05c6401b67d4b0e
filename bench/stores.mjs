/**
 * Stores with many vectors: how long they take to build, how large they are, and how fast and well they find.
 *
 *     npm run build && node bench/stores.mjs [--count 100000,1000000] [--store memory,lancedb,postgres://...] [--out FILE]
 *
 * Vectors are synthetic: 512 numbers around 2,000 centres, as embeddings of pictures lie in groups. Each store is built and searched in a
 * process of its own, so that its memory is its own. "exact" is a loop in double precision over all vectors.
 */
import { fork } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../dist/core/random.js';
import { createStore, openStore } from '../dist/store/open-store.js';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100000,1000000' },
    store: { type: 'string', default: 'memory,lancedb' },
    queries: { type: 'string', default: '100' },
    out: { type: 'string', default: fileURLToPath(new URL('results/stores.json', import.meta.url)) },
  },
});
const width = 512;
const centres = 2000;
const batch = 2000;
const queryCount = Number(flags.queries);
const folder = { relative: '.', absolute: '/' };
const info = { model: { hash: 'bench', encoder: 'bench', folder }, gamma: 1, sizes: { width, factors: 0, projection: 0 } };

/** Unit vectors around the centres, the same for the same seed; `count` of them into `data`. */
function fill(data, count, seed, around) {
  const random = Random.derive(seed, 'vectors');
  for (let row = 0; row < count; row++) {
    const centre = random.below(centres) * width;
    let sum = 0;
    for (let i = 0; i < width; i++) {
      // The sum of four uniform numbers: near enough to a normal one, and fast.
      const noise = random.uniform() + random.uniform() + random.uniform() + random.uniform() - 2;
      const value = around[centre + i] + noise / Math.sqrt(width);
      data[row * width + i] = value;
      sum += value * value;
    }
    const scale = 1 / Math.sqrt(sum);
    for (let i = 0; i < width; i++) data[row * width + i] *= scale;
  }
}

function centreVectors() {
  const random = new Random(1);
  return Float32Array.from({ length: centres * width }, () => random.normal() / Math.sqrt(width));
}

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
const rounded = (value, digits = 2) => Number(value.toFixed(digits));
const mib = (bytes) => rounded(bytes / 2 ** 20, 1);

async function sizeOf(path) {
  if (!(await stat(path)).isDirectory()) return (await stat(path)).size;
  let sum = 0;
  for (const name of await readdir(path)) sum += await sizeOf(join(path, name));
  return sum;
}

/** The ids of the ten nearest vectors of each query, and how long it takes to read all vectors once. */
function exact(count, queries, around) {
  const best = Array.from({ length: queryCount }, () => []);
  const data = new Float32Array(batch * width);
  for (let from = 0, part = 0; from < count; from += batch, part++) {
    const rows = Math.min(batch, count - from);
    fill(data, rows, 10 + part, around);
    for (let q = 0; q < queryCount; q++) {
      const list = best[q];
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += queries[q * width + i] * data[row * width + i];
        if (list.length === 10 && sum <= list[9].sum) continue;
        list.push({ id: String(from + row).padStart(9, '0'), sum });
        list.sort((a, b) => b.sum - a.sum);
        if (list.length > 10) list.pop();
      }
    }
  }
  return best.map((list) => list.map(({ id }) => id));
}

/** How fast this machine reads as many floats: their sum, by all threads' share of one. */
function readOnce(count) {
  const data = new Float32Array(Math.min(count, 200_000) * width).fill(1);
  let least = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let turn = 0; turn < 3; turn++) {
    const started = performance.now();
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < data.length; i += 4) {
      a += data[i];
      b += data[i + 1];
      c += data[i + 2];
      d += data[i + 3];
    }
    sum += a + b + c + d;
    least = Math.min(least, performance.now() - started);
  }
  return sum > 0 ? (least * count * width) / data.length : 0;
}

async function measure(kind, count) {
  const around = centreVectors();
  const queries = new Float32Array(queryCount * width);
  fill(queries, queryCount, 3, around);
  const directory = await mkdtemp(join(tmpdir(), 'limn-bench-stores-'));
  const location = kind.startsWith('postgres') ? kind : `${kind}:${join(directory, 'gallery')}`;
  try {
    const store = await createStore(location, info, { replace: true });
    const started = performance.now();
    let generated = 0;
    for (let from = 0, part = 0; from < count; from += batch, part++) {
      const rows = Math.min(batch, count - from);
      const data = new Float32Array(rows * width);
      const before = performance.now();
      fill(data, rows, 10 + part, around);
      generated += performance.now() - before;
      await store.upsert(
        Array.from({ length: rows }, (_, row) => ({
          id: String(from + row).padStart(9, '0'),
          content: '',
          location: '',
          metadata: { n: (from + row) % 100 },
          matching: data.subarray(row * width, (row + 1) * width),
          factors: new Float32Array(0),
        })),
      );
    }
    const written = performance.now();
    await store.optimise();
    const optimised = performance.now();
    await store.close();
    globalThis.gc?.();
    const opened = performance.now();
    const again = await openStore(location);
    const ready = performance.now();
    const search = async (options) => {
      const times = [];
      const found = [];
      // The first searches fill the caches.
      for (let q = -10; q < queryCount; q++) {
        const vector = queries.slice(((q + queryCount) % queryCount) * width, (((q + queryCount) % queryCount) + 1) * width);
        const before = performance.now();
        const hits = await again.search({ vector, ...options });
        if (q < 0) continue;
        times.push(performance.now() - before);
        found.push(hits.slice(0, 10).map(({ item }) => item.id));
      }
      times.sort((a, b) => a - b);
      return { p50: rounded(percentile(times, 0.5)), p99: rounded(percentile(times, 0.99)), found };
    };
    const ten = await search({ limit: 10 });
    const many = await search({ limit: 200 });
    const filter = { kind: 'compare', field: 'n', comparison: '=', value: 7 };
    const filtered = await search({ limit: 10, filter });
    const memory = process.memoryUsage.rss();
    await again.close();
    const truth = exact(count, queries, around);
    const recall = ({ found }) => {
      const hit = found.reduce((sum, ids, q) => sum + ids.filter((id) => truth[q].includes(id)).length, 0);
      return rounded(hit / (10 * queryCount), 4);
    };
    const milliseconds = ({ p50, p99 }) => ({ p50, p99 });
    return {
      store: kind.startsWith('postgres') ? 'pgvector' : kind,
      count,
      width,
      recallAt10: { limit10: recall(ten), limit200: recall(many) },
      searchMilliseconds: { limit10: milliseconds(ten), limit200: milliseconds(many), limit10OnePercent: milliseconds(filtered) },
      readOnceMilliseconds: rounded(readOnce(count)),
      writeSeconds: rounded((written - started - generated) / 1000),
      optimiseSeconds: rounded((optimised - written) / 1000),
      openSeconds: rounded((ready - opened) / 1000),
      memoryMiB: mib(memory),
      diskMiB: kind.startsWith('postgres') ? null : mib(await sizeOf(directory)),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

if (process.send) {
  process.once('message', async ({ kind, count }) => {
    process.send(await measure(kind, count));
    process.disconnect();
  });
} else {
  const results = [];
  for (const count of flags.count.split(',').map(Number)) {
    for (const kind of flags.store.split(',')) {
      const child = fork(fileURLToPath(import.meta.url), ['--queries', flags.queries], { execArgv: ['--expose-gc'] });
      child.send({ kind, count });
      const result = await new Promise((resolve, reject) => {
        child.once('message', resolve);
        child.once('exit', (code) => reject(new Error(`the process of ${kind} ended with ${code}`)));
      });
      results.push(result);
      process.stderr.write(`${JSON.stringify(result)}\n`);
    }
  }
  const machine = {
    processor: cpus()[0].model,
    cores: cpus().length,
    memoryGiB: rounded(totalmem() / 2 ** 30, 0),
    node: process.version,
  };
  await mkdir(dirname(flags.out), { recursive: true });
  await writeFile(flags.out, `${JSON.stringify({ machine, queries: queryCount, results }, undefined, 2)}\n`);
}
