/** The limn side of decoding.mjs: a line of JSON on stdin asks for captions, a line on stdout tells texts and times. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { decodeSafetensors } from '../dist/engine/tensor/safetensors.js';
import { CaptionerModel } from '../dist/models/captioner/captioner-model.js';
import { Vocabulary } from '../dist/models/encoders/text/vocabulary.js';
import { captionerConfigOf } from './configs.mjs';
import { rowsOf } from './drawn-features.mjs';
import { peakBytes } from './peak-memory.mjs';

const options = JSON.parse(process.argv[2]);
const { tensors } = decodeSafetensors(await readFile(options.file), options.file);
const { 'features.local': local, 'features.global': whole, ...weights } = tensors;
const config = captionerConfigOf(options);
const vocabulary = Vocabulary.fromJSON(options.vocabularyFile);

const images = {
  feeds: (rows, { prefix = '' } = {}) => ({ [`${prefix}local`]: rowsOf(local, rows), [`${prefix}global`]: rowsOf(whole, rows) }),
};
const model = new CaptionerModel({ config, vocabulary, weights, encoder: { id: 'drawn' } });
const parameters = Object.entries(weights)
  .filter(([name]) => !/mean$|inverse_deviation$/.test(name))
  .reduce((sum, [, { data }]) => sum + data.length, 0);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
say({ ready: true, parameters });

for await (const line of createInterface({ input: process.stdin })) {
  const { pairs, beams, cached = true, repeats } = JSON.parse(line);
  const decoding = beams > 0 ? { strategy: 'beam', beams } : { strategy: 'greedy' };
  const times = [];
  const cpuBefore = process.cpuUsage();
  let captions = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    captions = await model.caption(images, pairs, { decoding, cached, batchSize: pairs.length });
    times.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const texts = captions.map(({ text }) => text.split(' ').map((word) => vocabulary.idOf(word)));
  say({ times, texts, cpu: (user + system) / 1000, peakBytes: peakBytes() });
}
await model.close();
