/** The limn side of captioner.ts. */

import { type OptimizerOptions, Random, type Tensor, tensor } from 'limn/engine';
import { endId, startId } from '#limn/models/captioner/captioner.js';
import { captionerTrainingModel } from '#limn/models/captioner/captioner-graphs.js';
import { type CaptionerSizes, captionerConfigOf, statisticsOf } from '../lib/configs.js';
import { drawHalves, rowsOf } from '../lib/drawn-features.js';
import { givenOptions } from './options.js';
import { optimizerFor, type TrainOptions, trainWhenAsked } from './train-when-asked.js';

const options = givenOptions<CaptionerSizes & TrainOptions & { batch: number; optimizer: OptimizerOptions }>();
const { batch, images, image, vocabulary, words: most } = options;
const random = new Random(1);
const config = captionerConfigOf(options);
const total = image.channels + image.colourChannels;
const buffers = statisticsOf(image);
const graph = captionerTrainingModel(config, {
  batchSize: batch,
  optimizer: options.optimizer,
  random,
  buffers,
  optimizerIn: optimizerFor(options),
});
const tables = {
  local: drawHalves(random, [images, image.tokens, total]),
  global: drawHalves(random, [images, total]),
};

/** What src/learning/train feeds: rows of the cached features, and texts between start and end; every second one is half as long. */
function feeds() {
  const out: Record<string, Tensor> = {};
  for (const side of ['reference', 'target']) {
    const rows = Array.from({ length: batch }, () => random.below(images));
    for (const [name, table] of Object.entries(tables)) out[`${side}.${name}`] = rowsOf(table, rows);
  }
  const words = new BigInt64Array(batch * (most + 2));
  for (let item = 0; item < batch; item++) {
    const length = item % 2 === 1 ? most : Math.ceil(most / 2);
    const text = Array.from({ length }, () => 1 + random.below(vocabulary - 1));
    words.set([startId(config), ...text, endId(config)].map(BigInt), item * (most + 2));
  }
  out.words = tensor('int64', [batch, most + 2], words);
  return out;
}

await trainWhenAsked(graph, feeds, { random, buffers, options });
