/**
 * How time and memory grow with the triplets of a training, the images of a gallery and the tokens of an image: each at 1, 2, 4 and 8
 * times a size, each size in a process of its own, with the exponent that fits best.
 *
 *     npm run bench -- growth                                                about five minutes
 *     npm run bench -- growth --triplets 8192 --gallery 50000 --tokens 32   other sizes to begin with
 *     npm run bench -- growth --only tokens                               one of triplets, gallery, tokens; --quick: small sizes
 *
 * Results go to bench/results/growth.json.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exponent } from '../lib/exponent.js';
import type { Growth } from '../lib/line.js';
import { workerScript } from '../lib/paths.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Side, startLimn, takeTurns } from '../lib/sides.js';
import { rounded } from '../lib/statistics.js';
import { stepFlags, stepOptions } from '../lib/step-options.js';
import { inProcess } from '../lib/store-process.js';
import { kinds, writeVectors } from '../lib/vectors.js';

const { values: flags } = parseArgs({
  options: {
    triplets: { type: 'string' },
    gallery: { type: 'string' },
    tokens: { type: 'string' },
    threads: { type: 'string', default: '2' },
    only: { type: 'string', default: 'triplets,gallery,tokens' },
    quick: { type: 'boolean', default: false },
  },
});
const first = flags.quick ? { triplets: 256, gallery: 2000, tokens: 8 } : { triplets: 8192, gallery: 50_000, tokens: 32 };
const threads = Number(flags.threads);
process.env.LIMN_THREADS = flags.threads;
type What = keyof typeof first;
const sizesOf = (what: What) => [1, 2, 4, 8].map((times) => times * Number(flags[what] ?? first[what]));

interface Point {
  milliseconds: number;
  peakMiB: number;
}

/** @param measured of each size @param goal the most that the exponent of the time is to be */
function grown(what: string, sizes: number[], measured: readonly Point[], goal: number | null): Growth {
  const milliseconds = measured.map((one) => rounded(one.milliseconds));
  const peakMiB = measured.map((one) => rounded(one.peakMiB));
  const exponents = { time: rounded(exponent(sizes, milliseconds)), memory: rounded(exponent(sizes, peakMiB)) };
  return { what, sizes, milliseconds, peakMiB, exponents, goal };
}

async function triplets(folder: string) {
  const script = workerScript('growing-epoch');
  const sizes = sizesOf('triplets');
  const measured = sizes.map((size): Point => {
    const task = JSON.stringify({ triplets: size, folder: join(folder, `epoch-${size}`) });
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, task], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  });
  return [grown('an epoch, by triplets', sizes, measured, 1.1)];
}

async function gallery(folder: string) {
  const sizes = sizesOf('gallery');
  const queries = 50;
  const file = join(folder, 'vectors.f32');
  // A smaller gallery is the file's beginning, and its queries are the vectors that follow.
  await writeVectors(file, kinds.spread(), sizes.at(-1)! + queries);
  const results: Growth[] = [];
  for (const { store, search, most } of [
    { store: 'memory', search: 'exact search', most: null },
    { store: 'lancedb', search: 'indexed search', most: 0.5 },
  ]) {
    const [writing, searching]: [Point[], Point[]] = [[], []];
    for (const count of sizes) {
      const task = { store, folder: join(folder, store), file, count, queries, most: 200 };
      const built = await inProcess('build', task);
      writing.push({ milliseconds: 1000 * (built.write + built.optimise), peakMiB: built.memoryMiB });
      const { searches, memoryMiB } = await inProcess('search', task);
      searching.push({ milliseconds: searches.ten.times.p50, peakMiB: memoryMiB });
      await rm(task.folder, { recursive: true });
    }
    results.push(grown(`writing and optimising, ${store}, by images`, sizes, writing, 1.1));
    results.push(grown(`${search}, ${store}, by images`, sizes, searching, most));
  }
  return results;
}

async function tokens() {
  const sizes = sizesOf('tokens');
  const { values } = parseArgs({ args: ['--batch', '16', '--threads', flags.threads], options: stepFlags });
  const { options } = stepOptions(values);
  const sides: Side[] = [];
  try {
    for (const size of sizes) {
      const sized = { ...options, images: 32, image: { ...options.image, channels: 256, tokens: size } };
      sides.push(await startLimn(sized));
    }
    const measured = await takeTurns(
      sides,
      flags.quick ? { rounds: 1, steps: 1, warmup: 1 } : { rounds: 4, steps: 4, warmup: 3 },
    );
    const medians = measured.map(({ milliseconds, peakMiB }) => ({ milliseconds: milliseconds.median, peakMiB }));
    return [grown('a training step, by tokens of an image', sizes, medians, 1.1)];
  } finally {
    // Those that wait for one that did not start.
    for (const side of sides) await side.end();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-growth-'));
try {
  const results: Growth[] = [];
  for (const part of flags.only.split(',')) {
    const measure = ({ triplets, gallery, tokens } as Record<string, (folder: string) => Promise<Growth[]>>)[part];
    if (!measure) throw new Error(`there is no "${part}": give --only triplets, gallery or tokens`);
    results.push(...(await measure(folder)));
  }
  console.table(
    results.map(({ what, milliseconds, peakMiB, exponents }) => ({
      what,
      ms: milliseconds.join(', '),
      exponent: exponents.time,
      MiB: peakMiB.join(', '),
      'of memory': exponents.memory,
    })),
  );
  await saveResult('growth', { options: { threads }, results });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true });
}
