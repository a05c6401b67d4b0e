/**
 * The table of encoders in docs/encoders.md: adds every export of scripts/reference/export_encoders.py as `limn encoders add` does, and
 * compares its features of a picture, from the file to the vectors, with PyTorch's.
 *
 *     python scripts/reference/export_encoders.py --out DIR && npm run build && node scripts/encoder-table.mjs DIR [FAMILY,...]
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fromFloat16 } from '../dist/engine/tensor/float16.js';
import { decodeSafetensors } from '../dist/engine/tensor/safetensors.js';
import { importEncoder } from '../dist/models/encoders/hub/import-encoder.js';
import { decodeImage } from '../dist/models/encoders/image/image.js';
import { OnnxImageEncoder } from '../dist/models/encoders/image/image-encoder.js';
import { OnnxTextEncoder } from '../dist/models/encoders/text/text-encoder.js';

const [exports, only] = process.argv.slice(2);
if (!exports) throw new Error('Give the folder of exports.');
const home = mkdtempSync(join(tmpdir(), 'limn-encoder-table-'));
process.env.LIMN_HOME = home;

const globals = ['image_embeds', 'text_embeds', 'sentence_embedding', 'pooler_output', 'output'];

/** |a - b| over |b|, in the L2 norm; Infinity for other lengths. */
function distance(actual, expected) {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, whole] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    whole += expected[i] ** 2;
  }
  return Math.sqrt(difference / whole);
}

/** PyTorch's values of the first picture or of a text, without what stands before the places. */
function local(tensor, row, { localForm, skipTokens = 0 }) {
  const size = tensor.data.length / tensor.shape[0];
  const own = tensor.data.subarray(row * size, (row + 1) * size);
  if (tensor.shape.length === 3) return own.subarray(skipTokens * tensor.shape[2]);
  const [channels, places] = [tensor.shape[1], tensor.shape[2] * tensor.shape[3]];
  if (localForm !== 'map') throw new Error('a map is not taken as one');
  return Float32Array.from({ length: own.length }, (_, i) => own[(i % channels) * places + Math.floor(i / channels)]);
}

const rowOf = ({ data, shape }, row) => data.subarray((row * data.length) / shape[0], ((row + 1) * data.length) / shape[0]);
const outputsOf = (tensors, tower) =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([key, value]) =>
      key.startsWith(`${tower}.out.`) ? [[key.slice(tower.length + 5), value]] : [],
    ),
  );
const stem = (file) => basename(file).replace(/(\.limn)?\.onnx$/, '');

async function imageDistances({ description, weights }, tensors) {
  const encoder = await OnnxImageEncoder.fromWeights(description, weights);
  const features = await encoder.encode([await decodeImage(join(exports, 'picture.png'), encoder.image)]);
  await encoder.close();
  const expected = outputsOf(tensors, stem(description.file));
  const hidden = expected.last_hidden_state;
  const global = description.outputs.globalFrom ? undefined : globals.map((name) => expected[name]).find(Boolean);
  const token =
    hidden && /class/.test(description.outputs.globalFrom ?? '') ? rowOf(hidden, 0).subarray(0, hidden.shape[2]) : undefined;
  return [
    ...(hidden ? [distance(features.local, local(hidden, 0, description.outputs))] : []),
    ...(global ? [distance(features.global, rowOf(global, 0))] : []),
    ...(token ? [distance(features.global, token)] : []),
  ];
}

async function textDistances({ description, files }, tensors) {
  const encoder = await OnnxTextEncoder.open(description, files);
  const features = await encoder.encode(['abc', 'a']);
  await encoder.close();
  const expected = outputsOf(tensors, stem(description.file));
  const global = globals.map((name) => expected[name]).find(Boolean);
  return global ? [distance(fromFloat16(features.global), global.data)] : [];
}

/** Features of texts are kept as float16. */
const halfPrecision = 1e-3;

function judged(what, distances, most) {
  const worst = Math.max(...distances);
  return worst < most ? `${what} ${worst.toExponential(0)}` : `**${what} differ by ${worst.toExponential(0)}**`;
}

async function cell(family, exporter) {
  const folder = join(exports, family, exporter);
  if (!existsSync(folder)) return 'not exported';
  const { tensors } = decodeSafetensors(readFileSync(`${folder}.safetensors`), `${folder}.safetensors`);
  try {
    const { image, text } = await importEncoder(folder, { name: `${family}-${exporter}` });
    const parts = [
      ...(image ? [judged('images', await imageDistances(image, tensors), 1e-5)] : []),
      ...(text ? [judged('texts', await textDistances(text, tensors), halfPrecision)] : []),
    ];
    return parts.join(', ');
  } catch (error) {
    if (error.name !== 'LimnError') throw error;
    return `refused: ${error.message
      .replaceAll(`${folder}/`, '')
      .replaceAll(/\/[^ ]*\//g, '')
      .replaceAll('|', '\\|')}`;
  }
}

const { families } = JSON.parse(readFileSync(join(exports, 'families.json'), 'utf8'));
const chosen = Object.entries(families).filter(([name]) => !only || only.split(',').includes(name));
const exporters = [...new Set(chosen.flatMap(([, { exporters: ways }]) => Object.keys(ways)))].sort().reverse();
process.stdout.write(`| family | library | ${exporters.join(' | ')} |\n|---|---|${exporters.map(() => '---|').join('')}\n`);
for (const [name, { library, exporters: ways }] of chosen) {
  const cells = [];
  for (const exporter of exporters) cells.push(ways[exporter]?.failed ? 'the exporter fails' : await cell(name, exporter));
  process.stdout.write(`| ${name} | ${library} | ${cells.join(' | ')} |\n`);
}
rmSync(home, { recursive: true, force: true });
