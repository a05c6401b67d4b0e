/**
 * Makes triplets from what is known of the images of a dataset's training split, and from none of its annotations, for experiments/from-table*:
 *
 *     npm run build && node scripts/learned-data.mjs product-photos|fashioniq|shoes|cirr|wardrobe DATA OUT
 *
 * DATA has the folders of the datasets, OUT gets one of the same name. Product photographs have a table, styles.csv: its rows of the training
 * split and their images go through "limn data from-metadata" (LIMN_ENCODERS names a folder with MobileNetV2). So does the table of the wardrobe, which is drawn
 * into OUT with its annotations and needs nothing of DATA. The other datasets have one BLIP-2 caption an image (dqu-cir-aux/data), which is the only column
 * of their table; captions stand for the images too, and images are near whose captions share words.
 */
import { spawnSync } from 'node:child_process';
import { copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Random } from '../dist/core/random.js';
import { generateSyntheticFashion } from '../dist/learning/data/synthetic-fashion/generate.js';
import { makeTriplets } from '../dist/learning/from-metadata/make-triplets.js';
import { titleWords } from '../dist/learning/from-metadata/titles.js';
import { writeTriplets } from '../dist/learning/from-metadata/write-triplets.js';

const [dataset, data, to] = process.argv.slice(2);
const json = async (...path) => JSON.parse(await readFile(join(data ?? '', ...path), 'utf8'));
const captionsIn = (file) => json('dqu-cir-aux', 'data', file);
const makers = { 'product-photos': productPhotos, fashioniq: fashionIQ, shoes, cirr, wardrobe };
if (!Object.hasOwn(makers, dataset ?? '') || !data || !to) {
  console.error(
    `Say which dataset, from where and to where: node scripts/learned-data.mjs ${Object.keys(makers).join('|')} DATA OUT`,
  );
  process.exit(2);
}
await makers[dataset](resolve(to, dataset));

async function productPhotos(out) {
  const from = join(data, 'product-photos');
  const train = new Set(await json('product-photos', 'image_splits', 'split.product.train.json'));
  const [head, ...rows] = (await readFile(join(from, 'styles.csv'), 'utf8')).trim().split('\n');
  const kept = rows.filter((row) => train.has(row.split(',', 1)[0]));
  const [images, list] = [join(out, 'images'), join(out, 'styles.csv')];
  await mkdir(images, { recursive: true });
  await writeFile(list, `${[head, ...kept].join('\n')}\n`);
  for (const id of train) {
    const [file, copy] = [join(from, 'images', `${id}.jpg`), join(images, `${id}.jpg`)];
    // A link cannot lead to another disk.
    await link(file, copy).catch(() => copyFile(file, copy));
  }
  fromTable(list, images, join(out, 'triplets'));
}

async function wardrobe(out) {
  const annotated = join(out, 'annotated');
  await generateSyntheticFashion({ directory: annotated });
  fromTable(join(annotated, 'metadata.train.csv'), join(annotated, 'images'), join(out, 'triplets'));
}

function fromTable(list, images, out) {
  const limn = join(import.meta.dirname, '../dist/apps/cli/main.js');
  const command = [limn, 'data', 'from-metadata', '--list', list, '--images', images, '--out', out];
  process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
}

async function fashionIQ(out) {
  for (const category of ['dress', 'shirt', 'toptee']) {
    const ids = await json('fashioniq', 'image_splits', `split.${category}.train.json`);
    await fromCaptions(join(out, category), ids, await captionsIn(`FashionIQ/captions/image_captions_${category}_train.json`));
  }
}

async function shoes(out) {
  const ids = (await readFile(join(data, 'shoes', 'train_im_names.txt'), 'utf8')).trim().split('\n');
  await fromCaptions(out, ids, await captionsIn('Shoes/image_captions_shoes.json'));
}

async function cirr(out) {
  const captions = await captionsIn('CIRR/image_captions_cirr_train.json');
  await fromCaptions(out, Object.keys(captions), captions);
}

async function fromCaptions(out, ids, captions) {
  const known = ids.map((id) => id.trim()).filter((id) => captions[id]);
  const all = known.map((id) => ({ id, path: id, values: { caption: captions[id] } }));
  // As many as "limn learn" takes.
  const rows = Random.derive(1, 'rows of the catalogue').shuffle(all).slice(0, 12_000);
  // Two from each image, as the recorded runs have them.
  const made = await makeTriplets({ rows, vectors: wordVectors(rows.map(({ values }) => values.caption)), perImage: 2 });
  await writeTriplets(out, made, out);
  const { train, val, test } = made.splits;
  console.log(
    `${out}: ${train.length} triplets for training, ${val.length} for validation, ${test.length} held out, from ${made.attributes.map(({ name }) => name).join(', ')}`,
  );
}

/** The words of each text, rarer ones with more weight, each thrown on a few hundred directions; of length 1. */
function wordVectors(texts, width = 256) {
  const sentences = texts.map((text) => new Set(titleWords(text)));
  const counts = new Map();
  for (const words of sentences) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const directions = new Map(
    [...counts.keys()].map((word) => {
      const random = Random.derive(1, word);
      return [word, Float32Array.from({ length: width }, () => (random.uniform() < 0.5 ? -1 : 1))];
    }),
  );
  const vectors = new Float32Array(texts.length * width);
  for (const [row, words] of sentences.entries()) {
    const sum = new Float32Array(width);
    for (const word of words) {
      const weight = Math.log(texts.length / counts.get(word));
      for (let i = 0; i < width; i++) sum[i] += weight * directions.get(word)[i];
    }
    const length = Math.hypot(...sum) || 1;
    vectors.set(
      sum.map((value) => value / length),
      row * width,
    );
  }
  return { data: vectors, width };
}
