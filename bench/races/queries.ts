/**
 * How long a search of a large gallery takes, part by part: from an image and a text to the twenty best hits, factors included.
 *
 *     npm run bench -- queries [-- --count 100000 --store memory,lancedb --images FOLDER --model RUN --queries 100]
 *
 * The gallery has `count` items with drawn vectors and few metadata, which share some photographs (by default of $LIMN_SHARED_DATA/product-photos),
 * and beside them an image for each query by id, which is indexed, so that its features are kept; for those of the drawn items they are not. The model
 * is by default one of random weights. No query comes twice; "again" are other texts about the images of the first row, of which a gallery
 * remembers 128. Results go to bench/results/queries.json.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Gallery, RetrievalModel, type SearchRequest } from 'limn';
import { Random } from 'limn/engine';
import { openStore } from 'limn/stores';
import { codesMade } from '../lib/codes-made.js';
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

/** Searches that open the encoders, and are not measured. */
const warmUps = 10;
/** The file of an image that a query names by its id. */
const indexedFile = (q: number) => `indexed-${q}.jpg`;
/** Bytes behind a JPEG's end change its content and not its image. */
const alike = (photographs: readonly Buffer[], mark: string, q: number) =>
  Buffer.concat([photographs[q % photographs.length]!, Buffer.from(`${mark} ${q}`)]);

/** A folder with the photographs, and images of their own for queries by id. */
async function writeImages(folder: string, files: readonly string[], photographs: readonly Buffer[]): Promise<void> {
  await mkdir(folder);
  for (const [i, bytes] of photographs.entries()) await writeFile(join(folder, files[i]!), bytes);
  for (let q = 0; q < queries + warmUps; q++) await writeFile(join(folder, indexedFile(q)), alike(photographs, 'indexed', q));
}

interface Filling {
  model: RetrievalModel;
  images: string;
  files: readonly string[];
}

/** A gallery of the images, filled up with items that have the photographs' files and other vectors. */
async function fill(location: string, { model, images, files }: Filling): Promise<void> {
  const gallery = await Gallery.create({ model, images, out: location });
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

async function measure(kind: string, filling: Filling, photographs: readonly Buffer[]): Promise<Record<string, QueryTimes>> {
  const { model } = filling;
  const location = `${kind}:${join(folder, kind)}`;
  await fill(location, filling);
  const gallery = await Gallery.open(location, { model });
  const spent: Record<string, number> = {};
  // What a gallery consists of is nobody's business but a bench's.
  const { store, embedder } = gallery as unknown as Record<'store' | 'embedder', object>;
  timed(store, ['get', 'search', 'vectors'], spent);
  const parts: Record<string, QueryTimes> = {};
  timed(embedder, ['decode', 'encode', 'embed'], spent);
  const upload = (q: number) => alike(photographs, 'upload', q);
  const indexed = (q: number) => ({ id: indexedFile(q) });
  const drawn = (q: number) => ({ id: `item-${(q * 7919) % count}` });
  const textOf = (q: number) => texts[q % texts.length]!;
  const kinds: Record<string, (q: number) => SearchRequest> = {
    'id and text': (q) => ({ references: [indexed(q)], texts: [textOf(q)] }),
    'id again, another text': (q) => ({ references: [indexed(q)], texts: [textOf(q + 1)] }),
    'id and text, features not kept': (q) => ({ references: [drawn(q)], texts: [textOf(q)] }),
    'id alone': (q) => ({ references: [drawn(q)] }),
    'upload and text': (q) => ({ references: [{ bytes: upload(q) }], texts: [textOf(q)] }),
    'text alone': (q) => ({ texts: [`${textOf(q)} ${q}`] }),
  };
  for (let q = queries; q < queries + warmUps; q++)
    for (const ask of Object.values(kinds)) await gallery.search({ ...ask(q), k: 20 });
  await codesMade(store);
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
  const found = await imagesIn(flags.images, 60);
  const photographs = await Promise.all(found.map((file) => readFile(join(flags.images, file))));
  const files = found.map((_, i) => `photograph-${i}.jpg`);
  const images = join(folder, 'images');
  await writeImages(images, files, photographs);
  const results: Record<string, Record<string, QueryTimes>> = {};
  const peakMiB: Record<string, number> = {};
  for (const kind of flags.store.split(',')) {
    const measured = await measure(kind, { model, images, files }, photographs);
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
