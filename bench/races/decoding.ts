/**
 * Captions per second of the difference captioner: limn with and without cached keys and values, and the same model with the same
 * weights in PyTorch with cached ones, in turns, each side in a process of its own. From cached image features to texts.
 *
 *     npm run bench -- decoding                     needs torch in $LIMN_PYTHON or python3
 *     npm run bench -- decoding --cached         without the uncached ones, which take most of the time
 *
 * Both sides must write the same greedy texts, word for word. Results go to bench/results/decoding.json.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { captionerSizes } from '../lib/captioner-sizes.js';
import { drawCaptioner } from '../lib/drawn-captioner.js';
import { reportFailure } from '../lib/report-failure.js';
import type { DecodedCase } from '../lib/results.js';
import { saveResult } from '../lib/save-result.js';
import { type Side, startLimn, startPytorch } from '../lib/sides.js';
import { summary } from '../lib/statistics.js';
import type { CaptionsAnswer } from '../workers/decoding-side.js';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    cached: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);

/** One way to decode, `repeats` batches a turn. */
interface Case {
  name: string;
  batch: number;
  /** 0 decodes greedily. */
  beams: number;
  repeats: number;
  cached: boolean;
  rounds: number;
}

/** What a side was measured to take for it. */
interface Result extends DecodedCase {
  captionsPerSecond: number;
  quartiles: number[];
  words: number;
  cpuMilliseconds: number;
  texts: number[][];
  textsUnlikePytorch?: number;
  timesPytorch?: number;
}

const options = { threads: Number(flags.threads), ...captionerSizes };
/** Uncached ones are slow and take fewer turns. */
const cases: Case[] = [
  { name: 'greedy', batch: 1, beams: 0, repeats: 10 },
  { name: 'greedy', batch: 64, beams: 0, repeats: 1 },
  { name: 'beam 4', batch: 1, beams: 4, repeats: 10 },
  { name: 'beam 4', batch: 64, beams: 4, repeats: 1 },
].flatMap((one) => [
  { ...one, cached: true, rounds },
  ...(flags.cached ? [] : [{ ...one, cached: false, rounds: one.batch * one.beams > 64 ? 1 : 2, repeats: 1 }]),
]);

const pairsOf = (batch: number) => Array.from({ length: batch }, (_, i): [number, number] => [2 * i, 2 * i + 1]);
const captionsPerSecond = (batch: number, milliseconds: number) => Number(((1000 * batch) / milliseconds).toFixed(2));

/** Lets the sides write a case's captions in turns, the first turn unmeasured. */
async function race({ name, batch, beams, cached, repeats, rounds }: Case, sides: readonly Side[]): Promise<Result[]> {
  const request = { pairs: pairsOf(batch), beams, cached };
  const results = sides.map((side) => ({ side, times: [] as number[], cpu: 0, peakBytes: 0, texts: [] as number[][] }));
  for (let round = 0; round <= rounds; round++) {
    for (const result of results) {
      // A single slow turn is warm enough: its session is loaded in a small part of it.
      if (round === 0 && rounds === 1) continue;
      const { times, texts, cpu, peakBytes } = await result.side.ask<CaptionsAnswer>({
        ...request,
        repeats: round === 0 ? Math.min(repeats, 3) : repeats,
      });
      result.texts = texts;
      result.peakBytes = peakBytes;
      if (round === 0) continue;
      result.times.push(...times);
      result.cpu += cpu;
      await sleep(100);
    }
  }
  return results.map(({ side, times, texts, cpu, peakBytes }) => {
    const milliseconds = summary(times);
    return {
      side: side.name,
      decoding: name,
      batch,
      cached,
      captionsPerSecond: captionsPerSecond(batch, milliseconds.median),
      quartiles: milliseconds.quartiles.map((value) => captionsPerSecond(batch, value)).reverse(),
      words: texts.reduce((sum, text) => sum + text.length, 0),
      milliseconds,
      cpuMilliseconds: Number((cpu / times.length).toFixed(2)),
      // Of the cases so far.
      peakMiB: Math.round(peakBytes / 2 ** 20),
      texts,
    };
  });
}

/** How many texts differ between two results; different numbers of words, or other greedy texts, would make the race unfair. */
function different(one: Result, other: Result): number {
  const differing = one.texts.filter((text, i) => text.join() !== other.texts[i]?.join()).length;
  const label = `${one.decoding}, batch ${one.batch}`;
  if (one.words !== other.words) throw new Error(`${label}: ${one.side} wrote ${one.words} words, ${other.side} ${other.words}`);
  if (differing > 0 && one.decoding === 'greedy') {
    throw new Error(`${label}: ${differing} texts of ${one.side} and ${other.side} differ`);
  }
  return differing;
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'limn-decoding-'));
  const sides: Side[] = [];
  try {
    const drawn = await drawCaptioner(options, join(folder, 'captioner.safetensors'));
    sides.push(await startLimn(drawn, 'decoding-side'), await startPytorch(drawn, 'decoding.py'));
    const [limn, pytorch] = sides as [Side, Side];
    if (limn.ready.parameters !== pytorch.ready.parameters)
      throw new Error('the two models have different numbers of parameters');
    const results: Result[] = [];
    for (const each of cases) results.push(...(await race(each, each.cached ? sides : [limn])));
    for (const result of results) {
      const rival = results.find(
        (other) => other.side === 'PyTorch' && other.decoding === result.decoding && other.batch === result.batch,
      )!;
      result.textsUnlikePytorch = different(result, rival);
      result.timesPytorch = Number((result.captionsPerSecond / rival.captionsPerSecond).toFixed(2));
    }
    console.table(
      results.map(
        ({ side, decoding, batch, cached, captionsPerSecond, quartiles, timesPytorch, textsUnlikePytorch, ...rest }) => ({
          side,
          decoding,
          batch,
          cached,
          'captions/s': captionsPerSecond,
          quartiles: quartiles.join(' - '),
          'times PyTorch': timesPytorch,
          'cpu ms a batch': rest.cpuMilliseconds,
          words: rest.words,
          'other texts': textsUnlikePytorch,
        }),
      ),
    );
    const kept = results.map(({ texts, ...rest }) => ({ ...rest, distinctWords: new Set(texts.flat()).size }));
    const pytorchAbout = { version: pytorch.ready.version, parameters: pytorch.ready.parameters };
    await saveResult('decoding', { options, pytorch: pytorchAbout, results: kept });
  } finally {
    for (const side of sides) await side.end();
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  reportFailure(error);
}
