/**
 * Frozen image encoders: limn's way from decoded images to cached features against ONNX Runtime alone, which runs the same file on
 * tensors that are ready. In turns, each in a process of its own, with the same batches and the same number of threads.
 *
 *     npm run bench -- encoder                               MobileNetV2 and a random CLIP ViT-B/32
 *     npm run bench -- encoder --encoder vit-b-32         one of them
 *
 * limn's side normalises pixels, runs the file, joins colours (MobileNetV2) and makes binary16 records of the outputs, as indexing
 * does. MobileNetV2's weights are those of $LIMN_SHARED_DATA. The features of both sides are compared. Results go to
 * bench/results/encoder.json; times are those of a batch, and `ratio` is limn's images a second over ONNX Runtime's.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EncoderDescription } from 'limn';
import { loadDescription } from '#limn/models/encoders/image/description.js';
import { operationsOf } from '../lib/operations.js';
import { inCheckout } from '../lib/paths.js';
import { writeRandomTower } from '../lib/random-tower.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Measured, type Side, startNode, takeTurns } from '../lib/sides.js';
import { turnFlags, turnsOf } from '../lib/step-race.js';
import type { EncoderSideOptions } from '../workers/encoder-side.js';

/** Images of a run, as limn has them. */
const batch = 8;
/** Batches that limn is given at once: the next is made ready while one is computed. */
const batchesAtOnce = 4;

interface Tower {
  description: EncoderDescription;
  /** The ONNX file. */
  weights: string;
}

const encoders: Readonly<Record<string, (folder: string) => Promise<Tower>>> = {
  mobilenetv2: () => loadDescription(inCheckout('configs/encoders/mobilenetv2.json')),
  'vit-b-32': (folder) => writeRandomTower(folder, batch),
};

const { values: flags } = parseArgs({
  options: {
    ...turnFlags,
    steps: { type: 'string', default: '8' },
    warmup: { type: 'string', default: '4' },
    encoder: { type: 'string', multiple: true, default: Object.keys(encoders) },
  },
});
const threads = Number(flags.threads);
const { rounds, ...each } = turnsOf(flags);
/** Whole calls of limn's. */
const whole = (steps: number) => Math.ceil(steps / batchesAtOnce) * batchesAtOnce;
const turns = { rounds, steps: whole(each.steps), warmup: whole(each.warmup) };

async function race(name: string, folder: string) {
  const open = encoders[name];
  if (!open) throw new Error(`there is no encoder "${name}": give --encoder ${Object.keys(encoders).join(' or ')}`);
  const { description, weights } = await open(folder);
  const { outputs } = description;
  const options = { description, weights, batch, batchesAtOnce, threads };
  const sides: Side[] = [];
  try {
    for (const side of ['limn', 'ONNX Runtime'] as const) {
      sides.push(await startNode(side, 'encoder-side', { ...options, side } satisfies EncoderSideOptions));
    }
    const difference = compare(sides[0]!.ready.first!, sides[1]!.ready.first!);
    const [limn, ort] = (await takeTurns(sides, turns)) as [Measured, Measured];
    const perSecond = ({ milliseconds }: Measured) => Number(((1000 * batch) / milliseconds.median).toFixed(1));
    return {
      encoder: name,
      ratio: Number((ort.milliseconds.median / limn.milliseconds.median).toFixed(3)),
      picturesPerSecond: { limn: perSecond(limn), ort: perSecond(ort) },
      difference,
      operations: operationsOf(await readFile(weights), { batch, outputs: [outputs.local, outputs.global] }),
      limn,
      ort,
    };
  } finally {
    for (const side of sides) await side.end({ kill: true });
  }
}

/** How far apart the sides' global features of the first image are at most, as a part of the largest: binary16 alone makes 0.0005. */
function compare(limn: readonly number[], ort: readonly number[]): number {
  const largest = Math.max(...ort.map(Math.abs));
  const difference = Math.max(...ort.map((value, i) => Math.abs(value - limn[i]!))) / largest;
  if (!(difference < 1e-3)) throw new Error(`limn and ONNX Runtime give features that are ${difference} apart`);
  return Number(difference.toExponential(1));
}

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-encoder-'));
try {
  const results: Awaited<ReturnType<typeof race>>[] = [];
  for (const name of flags.encoder) results.push(await race(name, folder));
  console.table(
    results.flatMap(({ encoder, picturesPerSecond: imagesPerSecond, ...sides }) =>
      (['limn', 'ort'] as const).map((side) => ({
        encoder,
        side: side === 'ort' ? 'ONNX Runtime' : side,
        'images/s': imagesPerSecond[side],
        'ms a batch': sides[side].milliseconds.median,
        'quartiles ms': sides[side].milliseconds.quartiles.join(' - '),
        'cpu ms a batch': sides[side].cpuMilliseconds,
        'peak MiB': sides[side].peakMiB,
      })),
    ),
  );
  for (const { encoder, ratio } of results) console.log(`limn encodes ${ratio} times as many images a second with ${encoder}`);
  await saveResult('encoder', { options: { batch, batchesAtOnce, threads }, results });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true, force: true });
}
