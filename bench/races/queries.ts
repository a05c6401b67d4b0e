/**
 * How long a search of a large gallery takes, part by part: from an image and a text to the twenty best hits, factors included.
 *
 *     npm run bench -- queries [-- --count 100000 --store memory,lancedb --images FOLDER --model RUN --queries 100]
 *
 * The gallery has `count` items with drawn vectors and few metadata beside some photographs (by default of $LIMN_SHARED_DATA/product-photos), which
 * they share; the model is by default one of random weights. No query comes twice; "again" are other texts about the
 * images of the row above, of which a gallery remembers 128. Results go to bench/results/queries.json.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Gallery, RetrievalModel, type SearchRequest } from 'limn';
import { Random } from 'limn/engine';
import { openStore } from 'limn/stores';
import { imagesIn } from '../lib/images.js';
import { sharedData } from '../lib/paths.js';
import { reportFailure } from '../lib/report-failure.js';
import type { QueryTimes } from '../lib/results.js';
import { saveResult } from '../lib/save-result.js';
import { percentile, rounded } from '../lib/statistics.js';
import { saveUntrainedModel, texts } from '../lib/untrained-model.js';
import { normalizeRows } from '../lib/vectors.js';
import { query as queryWork } from '../lib/work.js';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    store: { type: 'string', default: 'memory,lancedb' },
    images: { type: 'string', default: join(sharedData, 'product-photos') },
    model: { type: 'string' },
    queries: { type: 'string', default: '100' },
  },
});
const [count, queries] = [Number(flags.count), Number(flags.queries)];

/** `parts` vectors of length 1 in a row. */
const unitVectors = (random: Random, parts: number, width: number) =>
  normalizeRows(
    Float32Array.from({ length: parts * width }, () => random.normal()),
    width,
  );

/** A gallery of the photographs, filled up with items that have the same files and other vectors. */
async function fill(location: string, model: RetrievalModel, files: readonly string[]): Promise<void> {
  const gallery = await Gallery.create({ model, images: flags.images, files, out: location });
  await gallery.close();
  const store = await openStore(location);
  const { width, factors, projection } = store.info.sizes;
  const random = new Random(1);
  for (let from = 0; from < count; from += 2000) {
    const items = Array.from({ length: Math.min(2000, count - from) }, (_, i) => ({
      id: `item-${from + i}`,
      content: (from + i).toString(16).padStart(64, '0'),
      location: files[(from + i) % files.length]!,
      metadata: { colour: ['red', 'blue', 'green'][i % 3]!, price: i % 100 },
      matching: unitVectors(random, 1, width),
      factors: unitVectors(random, factors, projection),
    }));
    await store.upsert(items);
  }
  await store.optimise();
  await store.close();
}

/** Times calls of an object's methods, by name. */
function timed(object: object, names: readonly string[], spent: Record<string, number>): void {
  const methods = object as Record<string, (...given: unknown[]) => unknown>;
  for (const name of names) {
    const method = methods[name]!.bind(object);
    methods[name] = async (...given) => {
      const started = performance.now();
      try {
        return await method(...given);
      } finally {
        spent[name] = (spent[name] ?? 0) + performance.now() - started;
      }
    };
  }
}

async function measure(kind: string, model: RetrievalModel, files: readonly string[]): Promise<Record<string, QueryTimes>> {
  const location = `${kind}:${join(folder, kind)}`;
  await fill(location, model, files);
  const gallery = await Gallery.open(location, { model });
  const spent: Record<string, number> = {};
  // What a gallery consists of is nobody's business but a bench's.
  const { store, embedder } = gallery as unknown as Record<'store' | 'embedder', object>;
  timed(store, ['get', 'search', 'vectors'], spent);
  const parts: Record<string, QueryTimes> = {};
  timed(embedder, ['decode', 'encode', 'embed'], spent);
  const uploads = await Promise.all(files.map((file) => readFile(join(flags.images, file))));
  // Bytes behind a JPEG's end change its content and not its image.
  const upload = (q: number) => Buffer.concat([uploads[q % uploads.length]!, Buffer.from(`${q}`)]);
  const item = (q: number) => ({ id: `item-${(q * 7919) % count}` });
  const textOf = (q: number) => texts[q % texts.length]!;
  const kinds: Record<string, (q: number) => SearchRequest> = {
    'id and text': (q) => ({ references: [item(q)], texts: [textOf(q)] }),
    'id again, another text': (q) => ({ references: [item(q)], texts: [textOf(q + 1)] }),
    'id alone': (q) => ({ references: [item(q)] }),
    'upload and text': (q) => ({ references: [{ bytes: upload(q) }], texts: [textOf(q)] }),
    'text alone': (q) => ({ texts: [`${textOf(q)} ${q}`] }),
  };
  // The first searches open the encoders.
  for (let q = 0; q < 10; q++) for (const ask of Object.values(kinds)) await gallery.search({ ...ask(queries + q), k: 20 });
  for (const [name, ask] of Object.entries(kinds)) {
    const times: number[] = [];
    const all: Record<string, number>[] = [];
    for (let q = 0; q < queries; q++) {
      for (const part of Object.keys(spent)) spent[part] = 0;
      const started = performance.now();
      await gallery.search({ ...ask(q), k: 20 });
      times.push(performance.now() - started);
      all.push({ ...spent });
    }
    const medianOf = (part: string) => {
      const each = all.map((one) => one[part] ?? 0);
      return rounded(percentile(each, 0.5));
    };
    const medians = Object.fromEntries(Object.keys(spent).map((part) => [part, medianOf(part)]));
    const [p50, p99] = [rounded(percentile(times, 0.5)), rounded(percentile(times, 0.99))];
    parts[name] = { p50, p99, parts: medians, work: await queryWork(model, { kind: name, count }) };
  }
  await gallery.close();
  return parts;
}

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-queries-'));
try {
  const modelFolder = flags.model ?? join(folder, 'model');
  if (!flags.model) await saveUntrainedModel(modelFolder);
  const model = await RetrievalModel.open(modelFolder);
  const files = await imagesIn(flags.images, 60);
  const results: Record<string, Record<string, QueryTimes>> = {};
  const peakMiB: Record<string, number> = {};
  for (const kind of flags.store.split(',')) {
    const measured = await measure(kind, model, files);
    results[kind] = measured;
    // Of the process so far, in which the gallery was filled, too.
    peakMiB[kind] = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(`${kind}, ${count} items, milliseconds`);
    console.table(
      Object.fromEntries(Object.entries(measured).map(([query, { p50, p99, parts }]) => [query, { p50, p99, ...parts }])),
    );
  }
  await model.close();
  await saveResult('queries', { options: { count, queries, trained: flags.model !== undefined }, peakMiB, results });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true });
}
