/**
 * Exact ranking from vectors that were computed before, at the sizes of CIRR's and FashionIQ's validation data and of a
 * large gallery, with random vectors: time, and peak memory, each in a process of its own.
 *
 *     npm run bench -- scoring
 *
 * Results go to bench/results/scoring.json.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '../dist/core/random.js';
import { evaluateVectors } from '../dist/learning/eval/evaluate.js';
import { findProtocol } from '../dist/learning/eval/protocols/index.js';
import { machine, summary } from './sides.mjs';

const width = 512;
const cases = {
  cirr: { protocol: 'cirr-val', repeats: 5, parts: [{ queries: 4181, gallery: 2297 }] },
  fashioniq: {
    protocol: 'fashioniq-original-ref-excluded',
    repeats: 5,
    parts: [
      { queries: 2017, gallery: 3817 },
      { queries: 2038, gallery: 6346 },
      { queries: 1961, gallery: 5373 },
    ],
  },
  // A gallery of Fashion200K's size, whose whole score matrix would take 0.9 GiB.
  large: { protocol: 'shoes', repeats: 1, parts: [{ queries: 8192, gallery: 29_789 }] },
};

function draw(random, { queries, gallery }) {
  const vectors = (count) => ({ data: Float32Array.from({ length: count * width }, () => random.uniform() - 0.5), width });
  const ids = Array.from({ length: gallery }, (_, i) => `p${i}`);
  const triplets = Array.from({ length: queries }, (_, i) => {
    const subset = Array.from({ length: 6 }, (_, place) => ids[(i + place * 37) % gallery]);
    return { reference: subset[0], targets: [subset[1]], subset, text: 't', captions: ['t'], source: `row ${i + 1}` };
  });
  const split = { name: 'val', images: ids.map((id) => ({ id, path: id })), triplets, missing: [] };
  return { queries: vectors(queries), gallery: { ...vectors(gallery), ids }, split };
}

async function measure(name) {
  const { protocol, repeats, parts } = cases[name];
  const random = new Random(1);
  const drawn = parts.map((part) => draw(random, part));
  const before = process.memoryUsage().rss;
  const times = [];
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    for (const part of drawn) await evaluateVectors({ ...part, protocol: findProtocol(protocol) });
    times.push(performance.now() - started);
  }
  const mebibytes = (bytes) => Number((bytes / 2 ** 20).toFixed(1));
  const whole = Math.max(...parts.map(({ queries, gallery }) => queries * gallery * 4));
  return {
    name,
    protocol,
    parts,
    width,
    milliseconds: summary(times),
    vectorsMiB: mebibytes(parts.reduce((sum, { queries, gallery }) => sum + (queries + gallery) * width * 4, 0)),
    beforeMiB: mebibytes(before),
    peakMiB: mebibytes(process.resourceUsage().maxRSS * 1024),
    wholeMatrixMiB: mebibytes(whole),
  };
}

if (process.argv[2]) {
  console.log(JSON.stringify(await measure(process.argv[2])));
} else {
  const about = { date: new Date().toISOString(), command: 'npm run bench -- scoring', machine: machine() };
  const results = Object.keys(cases).map((name) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  });
  console.table(
    results.map(({ name, parts, milliseconds, beforeMiB, peakMiB, wholeMatrixMiB }) => ({
      data: name,
      queries: parts.reduce((sum, part) => sum + part.queries, 0),
      gallery: parts.map((part) => part.gallery).join(' / '),
      'median s': Number((milliseconds.median / 1000).toFixed(2)),
      'MiB before': beforeMiB,
      'peak MiB': peakMiB,
      'whole score matrix MiB': wholeMatrixMiB,
    })),
  );
  const folder = new URL('./results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('scoring.json', folder), `${JSON.stringify({ ...about, results }, null, 2)}\n`);
  console.log('written to bench/results/scoring.json');
}
