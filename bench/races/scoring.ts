/**
 * Exact ranking from vectors that were computed before, at the sizes of CIRR's and FashionIQ's validation data and of a
 * large gallery, with random vectors: time, and peak memory, each in a process of its own.
 *
 *     npm run bench -- scoring                 all of them; --only cirr,fashioniq,large: some
 *
 * Results go to bench/results/scoring.json.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { evaluateVectors, findProtocol, type Split } from 'limn';
import { Random } from 'limn/engine';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Summary, summary } from '../lib/statistics.js';

const width = 512;
interface Part {
  queries: number;
  gallery: number;
}

const cases: Readonly<Record<string, { protocol: string; repeats: number; parts: Part[] }>> = {
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

function draw(random: Random, { queries, gallery }: Part) {
  const vectors = (count: number) => ({
    data: Float32Array.from({ length: count * width }, () => random.uniform() - 0.5),
    width,
  });
  const ids = Array.from({ length: gallery }, (_, i) => `p${i}`);
  const triplets = Array.from({ length: queries }, (_, i) => {
    const subset = Array.from({ length: 6 }, (_, position) => ids[(i + position * 37) % gallery]!);
    return { reference: subset[0]!, targets: [subset[1]!], subset, text: 't', captions: ['t'], source: `row ${i + 1}` };
  });
  const split: Split = { name: 'val', images: ids.map((id) => ({ id, path: id })), triplets, missing: [] };
  return { queries: vectors(queries), gallery: { ...vectors(gallery), ids }, split };
}

async function measure(name: string): Promise<Scored> {
  const { protocol, repeats, parts } = cases[name]!;
  const random = new Random(1);
  const drawn = parts.map((part) => draw(random, part));
  const before = process.memoryUsage().rss;
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    for (const part of drawn) await evaluateVectors({ ...part, protocol: findProtocol(protocol) });
    times.push(performance.now() - started);
  }
  const mebibytes = (bytes: number) => Number((bytes / 2 ** 20).toFixed(1));
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

interface Scored {
  name: string;
  protocol: string;
  parts: Part[];
  width: number;
  milliseconds: Summary;
  vectorsMiB: number;
  beforeMiB: number;
  peakMiB: number;
  wholeMatrixMiB: number;
}

/** Each case in a process of its own, whose peak of memory is that of this work alone. */
function inProcess(name: string): Scored {
  const script = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--case', name], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function main(): Promise<void> {
  const names = Object.keys(cases);
  const { values: flags } = parseArgs({
    options: { only: { type: 'string', default: names.join() }, case: { type: 'string' } },
  });
  if (flags.case) {
    console.log(JSON.stringify(await measure(flags.case)));
    return;
  }
  const wanted = flags.only.split(',');
  const unknown = wanted.find((name) => !(name in cases));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}": give --only ${names.join(', ')}`);
  const results = wanted.map(inProcess);
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
  await saveResult('scoring', { results });
}

try {
  await main();
} catch (error) {
  reportFailure(error);
}
