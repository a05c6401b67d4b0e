/** The limn side of decoding.ts: a line of JSON on stdin asks for captions, a line on stdout tells texts and times. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { ImageFeatures } from 'limn';
import { decodeSafetensors, type Tensor } from 'limn/engine';
// Peak memory is compared, so that a side loads of limn what it measures and no more.
import { CaptionerModel } from '#limn/models/captioner/captioner-model.js';
import { Vocabulary } from '#limn/models/encoders/text/vocabulary.js';
import { captionerConfigOf } from '../lib/configs.js';
import type { DrawnCaptioner } from '../lib/drawn-captioner.js';
import { rowsOf } from '../lib/drawn-features.js';
import { peakBytes } from '../lib/peak-memory.js';
import { givenOptions } from './options.js';

/** What is asked for; `repeats` times the same. */
export interface CaptionsRequest {
  pairs: [number, number][];
  /** 0 decodes greedily. */
  beams: number;
  cached: boolean;
  repeats: number;
}

export interface CaptionsAnswer {
  times: number[];
  /** Ids of words, a list for each pair. */
  texts: number[][];
  cpu: number;
  peakBytes: number;
}

const options = givenOptions<DrawnCaptioner>();
const { tensors } = decodeSafetensors(await readFile(options.file), options.file);
const { 'features.local': local, 'features.global': whole, ...weights } = tensors as Record<string, Tensor>;
const config = captionerConfigOf(options);
const vocabulary = Vocabulary.fromJSON(options.vocabularyFile);

const images: Pick<ImageFeatures, 'feeds'> = {
  feeds: (rows, { prefix = '' } = {}) => ({
    [`${prefix}local`]: rowsOf(local!, rows),
    [`${prefix}global`]: rowsOf(whole!, rows),
  }),
};
const model = new CaptionerModel({ config, vocabulary, weights, encoder: { id: 'drawn' } });
const parameters = Object.entries(weights)
  .filter(([name]) => !/mean$|inverse_deviation$/.test(name))
  .reduce((sum, [, { data }]) => sum + data.length, 0);
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ ready: true, parameters });

for await (const line of createInterface({ input: process.stdin })) {
  const { pairs, beams, cached, repeats }: CaptionsRequest = JSON.parse(line);
  const decoding = beams > 0 ? ({ strategy: 'beam', beams } as const) : ({ strategy: 'greedy' } as const);
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  let texts: string[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    const captions = await model.caption(images as ImageFeatures, pairs, { decoding, cached, batchSize: pairs.length });
    times.push(performance.now() - start);
    texts = captions.map(({ text }) => text);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const ids = texts.map((text) => text.split(' ').map((word) => vocabulary.idOf(word)));
  say({ times, texts: ids, cpu: (user + system) / 1000, peakBytes: peakBytes() } satisfies CaptionsAnswer);
}
await model.close();
