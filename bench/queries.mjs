/**
 * How long a search of a large gallery takes, part by part: from a picture and a text to the twenty best hits, factors included.
 *
 *     npm run bench -- queries [-- --count 100000 --store memory,lancedb --images FOLDER --model RUN --queries 100]
 *
 * The gallery has `count` items with drawn vectors and few metadata beside some photographs (by default of $LIMN_SHARED_DATA/product-photos), which
 * they share; the model is by default one of random weights. No query comes twice; "again" are other texts about the
 * pictures of the row above, of which a gallery remembers 128. Results go to bench/results/queries.json.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../dist/core/random.js';
import { RetrievalModel } from '../dist/models/retrieval/retrieval-model.js';
import { Gallery } from '../dist/search/gallery/gallery.js';
import { openStore } from '../dist/search/store/open-store.js';
import { imagesIn } from './images.mjs';
import { saveResult } from './save-result.mjs';
import { percentile } from './sides.mjs';
import { saveUntrainedModel, texts } from './untrained-model.mjs';
import { query as queryWork } from './work.mjs';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    store: { type: 'string', default: 'memory,lancedb' },
    images: { type: 'string', default: join(process.env.LIMN_SHARED_DATA ?? '../shared/data', 'product-photos') },
    model: { type: 'string' },
    queries: { type: 'string', default: '100' },
  },
});
const [count, queries] = [flags.count, flags.queries].map(Number);
const rounded = (value) => Number(value.toFixed(2));

/** `parts` vectors of length 1 in a row. */
function unitVectors(random, parts, width) {
  const out = Float32Array.from({ length: parts * width }, () => random.normal());
  for (let part = 0; part < parts; part++) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += out[part * width + i] ** 2;
    const scale = 1 / Math.sqrt(sum);
    for (let i = 0; i < width; i++) out[part * width + i] *= scale;
  }
  return out;
}

/** A gallery of the photographs, filled up with items that have the same files and other vectors. */
async function fill(location, model, files) {
  const gallery = await Gallery.create({ model, images: flags.images, files, out: location });
  await gallery.close();
  const store = await openStore(location);
  const { width, factors, projection } = store.info.sizes;
  const random = new Random(1);
  for (let from = 0; from < count; from += 2000) {
    const items = Array.from({ length: Math.min(2000, count - from) }, (_, i) => ({
      id: `item-${from + i}`,
      content: (from + i).toString(16).padStart(64, '0'),
      location: files[(from + i) % files.length],
      metadata: { colour: ['red', 'blue', 'green'][i % 3], price: i % 100 },
      matching: unitVectors(random, 1, width),
      factors: unitVectors(random, factors, projection),
    }));
    await store.upsert(items);
  }
  await store.optimise();
  await store.close();
}

/** Times calls of an object's methods, by name. */
function timed(object, names, spent) {
  for (const name of names) {
    const method = object[name].bind(object);
    object[name] = async (...given) => {
      const started = performance.now();
      try {
        return await method(...given);
      } finally {
        spent[name] = (spent[name] ?? 0) + performance.now() - started;
      }
    };
  }
}

async function measure(kind, model, files, folder) {
  const location = `${kind}:${join(folder, kind)}`;
  await fill(location, model, files);
  const gallery = await Gallery.open(location, { model });
  const spent = {};
  timed(gallery.store, ['get', 'search', 'vectors'], spent);
  const parts = {};
  timed(gallery.embedder, ['decode', 'encode', 'embed'], spent);
  const uploads = await Promise.all(files.map((file) => readFile(join(flags.images, file))));
  // Bytes behind a JPEG's end change its content and not its picture.
  const upload = (q) => Buffer.concat([uploads[q % uploads.length], Buffer.from(`${q}`)]);
  const item = (q) => ({ id: `item-${(q * 7919) % count}` });
  const kinds = {
    'id and text': (q) => ({ references: [item(q)], texts: [texts[q % texts.length]] }),
    'id again, another text': (q) => ({ references: [item(q)], texts: [texts[(q + 1) % texts.length]] }),
    'id alone': (q) => ({ references: [item(q)] }),
    'upload and text': (q) => ({ references: [{ bytes: upload(q) }], texts: [texts[q % texts.length]] }),
    'text alone': (q) => ({ texts: [`${texts[q % texts.length]} ${q}`] }),
  };
  // The first searches open the encoders.
  for (let q = 0; q < 10; q++) for (const ask of Object.values(kinds)) await gallery.search({ ...ask(queries + q), k: 20 });
  for (const [name, ask] of Object.entries(kinds)) {
    const times = [];
    const all = [];
    for (let q = 0; q < queries; q++) {
      for (const part of Object.keys(spent)) spent[part] = 0;
      const started = performance.now();
      await gallery.search({ ...ask(q), k: 20 });
      times.push(performance.now() - started);
      all.push({ ...spent });
    }
    const median = (part) => [
      part,
      rounded(
        percentile(
          all.map((one) => one[part] ?? 0),
          0.5,
        ),
      ),
    ];
    const medians = Object.fromEntries(Object.keys(spent).map(median));
    const [p50, p99] = [0.5, 0.99].map((part) => rounded(percentile(times, part)));
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
  const results = {};
  const peakMiB = {};
  for (const kind of flags.store.split(',')) {
    results[kind] = await measure(kind, model, files, folder);
    // Of the process so far, in which the gallery was filled, too.
    peakMiB[kind] = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(`${kind}, ${count} items, milliseconds`);
    console.table(
      Object.fromEntries(Object.entries(results[kind]).map(([query, { p50, p99, parts }]) => [query, { p50, p99, ...parts }])),
    );
  }
  await model.close();
  await saveResult('queries', { options: { count, queries, trained: flags.model !== undefined }, peakMiB, results });
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
