/** The limn side of captioner.mjs. */
import { Random } from '../dist/core/random.js';
import { endId, startId } from '../dist/models/captioner/captioner.js';
import { captionerTrainingModel } from '../dist/models/captioner/captioner-graphs.js';
import { captionerConfigOf, plainStatistics } from './configs.mjs';
import { drawHalves, rowsOf } from './drawn-features.mjs';
import { optimizerFor, trainWhenAsked } from './limn-training.mjs';

const options = JSON.parse(process.argv[2]);
const { batch, images, image, vocabulary, words: most } = options;
const random = new Random(1);
const config = captionerConfigOf(options);
const total = image.channels + image.colourChannels;
const buffers = plainStatistics(image);
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
  const out = {};
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
  out.words = { dtype: 'int64', shape: [batch, most + 2], data: words };
  return out;
}

await trainWhenAsked(graph, feeds, { random, buffers, options });
