/**
 * Takes four steps of training with every encoder of a folder of exports, as a user would: each is added as `limn encoders add` does and
 * given to `limn train --train-from`, on drawn garments. Says whether the losses are finite and the trained blocks those asked for.
 *
 *     python scripts/reference/encoder_blocks.py --out DIR --batch dynamic --exporters script17
 *     npm run build && node scripts/encoder-training.mjs DIR [--only FAMILY,...] [--out training.md] [--minutes N]
 *
 * Writes a table in Markdown, one row for each export, and exits with 1 if a row has a fault. With `--out` each row goes to the file as it
 * is known, and exports that have a row there are not tried again; `--minutes` stops after that time, and the same command goes on.
 * FAMILY/EXPORTER holds one or two ONNX files with their settings; where there are none, as for most of timm and torchvision, the
 * options of `encoders add` do.
 */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runProgram } from '../dist/apps/cli/program.js';
import { decodeSafetensors } from '../dist/engine/tensor/safetensors.js';
import { generateSyntheticFashion } from '../dist/learning/data/synthetic-fashion/generate.js';
import { importEncoder } from '../dist/models/encoders/hub/import-encoder.js';
import { trainedParts } from '../dist/models/encoders/hub/trained-parts.js';

const { values: flags, positionals } = parseArgs({
  options: { only: { type: 'string' }, out: { type: 'string' }, minutes: { type: 'string', default: 'Infinity' } },
  allowPositionals: true,
});
const [exports] = positionals;
const until = Date.now() + Number(flags.minutes) * 60_000;
if (!exports) throw new Error('Give the folder of exports.');
const work = mkdtempSync(join(tmpdir(), 'limn-encoder-training-'));
process.env.LIMN_HOME = join(work, 'home');
const steps = 4;
const batchSize = 2;
const model = '--width 16 --heads 2 --factors 2 --layers 1 --dropout 0'.split(' ');

/** What the command line does with these words, in this process; what it says is kept. */
async function limn(words) {
  const said = { out: '', error: '' };
  const before = [process.stdout.write, process.stderr.write];
  const keep = (where) => (text) => {
    said[where] += text;
    return true;
  };
  process.stdout.write = keep('out');
  process.stderr.write = keep('error');
  try {
    const code = await runProgram(words);
    return { failed: code !== 0, out: said.out, error: said.error.trim().split('\n').at(-1) ?? '' };
  } finally {
    [process.stdout.write, process.stderr.write] = before;
    process.exitCode = 0;
  }
}

const shortened = (text, folder) => text.replaceAll(`${folder}/`, '').replaceAll('|', '\\|').slice(0, 300);

/** What must be told of a bare encoder. */
function optionsFor(folder) {
  if (['config.json', 'open_clip_config.json'].some((name) => existsSync(join(folder, name)))) return {};
  if (existsSync(join(folder, 'tokenizer.json'))) return { textGlobalFeature: 'mean' };
  const file = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.safetensors')),
  );
  const pixels = Object.entries(decodeSafetensors(readFileSync(file), file).tensors).find(([name]) => name.startsWith('in.'));
  return { size: pixels[1].shape[2], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
}

/** Before the names of an encoder's weights in a saved model. */
const prefixes = { images: 'picture.encoder.', texts: 'text.encoder.' };

/** Blocks of which something is trained, by what the saved model holds. */
function trainedBlocks(weights, prefix, { blocks }) {
  const saved = new Set(Object.keys(weights).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
  return blocks.flatMap(({ weights: own }, i) => (own.some((name) => saved.has(name)) ? [i] : []));
}

async function row(family, exporter) {
  const folder = join(exports, family, exporter);
  const name = `${family}-${exporter}`;
  const parts = {};
  try {
    const { image, text } = await importEncoder(folder, { name, ...optionsFor(folder) });
    if (image) parts.images = await trainedParts(image.weights, image.description);
    if (text) parts.texts = await trainedParts(text.files.weights, text.description);
  } catch (error) {
    if (error.name !== 'LimnError') throw error;
    return { fault: `not added: ${shortened(error.message, folder)}` };
  }
  const sides = Object.keys(parts);
  const counts = sides.map((side) => parts[side].blocks.length);
  const from = Math.min(...counts) - 1;
  const out = join(work, 'run');
  rmSync(out, { recursive: true, force: true });
  const named = (side) => [{ images: '--encoder', texts: '--text-encoder' }[side], name];
  const data = ['--dataset', 'fashioniq', '--data', join(work, 'wardrobe'), '--category', 'wardrobe'];
  const how = ['--train-from', `${from}`, '--epochs', '1', '--batch-size', `${batchSize}`, '--out', out, ...model];
  const trained = await limn(['train', ...data, ...sides.flatMap(named), ...how]);
  if (trained.failed) return { fault: `not trained: ${shortened(trained.error, folder)}` };
  const lines = readFileSync(join(out, 'metrics.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const losses = [...lines.filter(({ kind }) => kind === 'train').map(({ loss }) => loss), lines.at(-1).values.loss];
  const file = join(out, 'model', 'weights.safetensors');
  const weights = decodeSafetensors(readFileSync(file), file).tensors;
  const blocks = sides.map((side) => trainedBlocks(weights, prefixes[side], parts[side]));
  const right = blocks.every((found, i) => found.join() === Array.from({ length: counts[i] - from }, (_, j) => from + j).join());
  const taken = lines.findLast(({ kind }) => kind === 'train').step;
  const faults = [
    ...(losses.every(Number.isFinite) ? [] : [`losses ${losses}`]),
    ...(right ? [] : [`trained ${blocks.map((found) => `[${found}]`)} from block ${from}`]),
    ...(taken === steps ? [] : [`${taken} steps`]),
  ];
  return { sides, counts, from, loss: losses.at(-1), fault: faults.join('; ') };
}

const data = { directory: join(work, 'wardrobe'), images: 50, seed: 5, size: 32 };
await generateSyntheticFashion(data);
for (const [split, count] of [
  ['train', steps * batchSize],
  ['val', batchSize],
]) {
  const triplets = join(work, 'wardrobe', 'captions', `cap.wardrobe.${split}.json`);
  writeFileSync(triplets, JSON.stringify(JSON.parse(readFileSync(triplets, 'utf8')).slice(0, count)));
}
const write = (line) => (flags.out ? appendFileSync(flags.out, `${line}\n`) : console.log(line));
const known = flags.out && existsSync(flags.out) ? readFileSync(flags.out, 'utf8') : '';
if (known === '')
  write('| family | exporter | encodes | blocks | trained from | validation loss | fault |\n|---|---|---|---|---|---|---|');
const only = flags.only?.split(',');
const folders = readdirSync(exports, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && (!only || only.includes(entry.name)))
  .flatMap(({ name }) => readdirSync(join(exports, name)).map((exporter) => [name, exporter]))
  .filter(([family, exporter]) => !exporter.includes('.') && !known.includes(`| ${family} | ${exporter} |`));
let faulty = 0;
for (const [family, exporter] of folders) {
  if (Date.now() > until) break;
  const start = `| ${family} | ${exporter} |`;
  if (!readdirSync(join(exports, family, exporter), { recursive: true }).some((name) => name.endsWith('.onnx'))) {
    write(`${start} the exporter fails | | | | |`);
    continue;
  }
  const { sides = [], counts = [], from = '', loss, fault } = await row(family, exporter);
  if (fault) faulty++;
  write(`${start} ${sides.join(', ')} | ${counts.join(', ')} | ${from} | ${loss?.toFixed(3) ?? ''} | ${fault} |`);
}
rmSync(work, { recursive: true, force: true });
process.exitCode = faulty > 0 ? 1 : 0;
