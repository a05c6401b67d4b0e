/**
 * How time and memory grow with the triplets of a training, the pictures of a gallery and the tokens of a picture: each at 1, 2, 4 and 8
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
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exponent } from './exponent.mjs';
import { saveResult } from './save-result.mjs';
import { startLimn, takeTurns } from './sides.mjs';
import { stepFlags, stepOptions } from './step-options.mjs';
import { inProcess } from './store-process.mjs';
import { kinds, writeVectors } from './vectors.mjs';

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
const sizesOf = (what) => [1, 2, 4, 8].map((times) => times * Number(flags[what] ?? first[what]));
const rounded = (value) => Number(value.toFixed(2));

/** @param measured { milliseconds, peakMiB } of each size @param goal the most that the exponent of the time is to be */
function grown(what, sizes, measured, goal = null) {
  const [milliseconds, peakMiB] = ['milliseconds', 'peakMiB'].map((key) => measured.map((one) => rounded(one[key])));
  const exponents = { time: rounded(exponent(sizes, milliseconds)), memory: rounded(exponent(sizes, peakMiB)) };
  return { what, sizes, milliseconds, peakMiB, exponents, goal };
}

async function triplets(folder) {
  const script = fileURLToPath(new URL('growing-epoch.mjs', import.meta.url));
  const sizes = sizesOf('triplets');
  const measured = sizes.map((size) => {
    const task = JSON.stringify({ triplets: size, folder: join(folder, `epoch-${size}`) });
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, task], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  });
  return [grown('an epoch, by triplets', sizes, measured, 1.1)];
}

async function gallery(folder) {
  const sizes = sizesOf('gallery');
  const queries = 50;
  const file = join(folder, 'vectors.f32');
  // A smaller gallery is the file's beginning, and its queries are the vectors that follow.
  await writeVectors(file, kinds.spread(), sizes.at(-1) + queries);
  const results = [];
  for (const [store, search, most] of [
    ['memory', 'exact search', null],
    ['lancedb', 'indexed search', 0.5],
  ]) {
    const [writing, searching] = [[], []];
    for (const count of sizes) {
      const task = { store, folder: join(folder, store), file, count, queries, most: 200 };
      const built = await inProcess({ ...task, phase: 'build' });
      writing.push({ milliseconds: 1000 * (built.write + built.optimise), peakMiB: built.memoryMiB });
      const { searches, memoryMiB } = await inProcess({ ...task, phase: 'search' });
      searching.push({ milliseconds: searches.ten.times.p50, peakMiB: memoryMiB });
      await rm(task.folder, { recursive: true });
    }
    results.push(grown(`writing and optimising, ${store}, by pictures`, sizes, writing, 1.1));
    results.push(grown(`${search}, ${store}, by pictures`, sizes, searching, most));
  }
  return results;
}

async function tokens() {
  const sizes = sizesOf('tokens');
  const { values } = parseArgs({ args: ['--batch', '16', '--threads', flags.threads], options: stepFlags });
  const { options } = stepOptions(values);
  const sides = [];
  try {
    for (const size of sizes) {
      sides.push(await startLimn({ ...options, images: 32, image: { ...options.image, channels: 256, tokens: size } }));
    }
    const measured = await takeTurns(
      sides,
      flags.quick ? { rounds: 1, steps: 1, warmup: 1 } : { rounds: 4, steps: 4, warmup: 3 },
    );
    const medians = measured.map(({ milliseconds, peakMiB }) => ({ milliseconds: milliseconds.median, peakMiB }));
    return [grown('a training step, by tokens of a picture', sizes, medians, 1.1)];
  } finally {
    // Those that wait for one that did not start.
    for (const side of sides) await side.end();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-growth-'));
try {
  const results = [];
  for (const part of flags.only.split(',')) {
    const measure = { triplets, gallery, tokens }[part];
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
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
