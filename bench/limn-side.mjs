/** The limn side of training-step.mjs. */
import { Random } from '../dist/core/random.js';
import { sizeOf } from '../dist/engine/tensor/tensor.js';
import { limnTrainingModel } from '../dist/models/retrieval/retrieval-graphs.js';
import { limnConfigOf, plainStatistics } from './configs.mjs';
import { drawFloats, drawHalves, rowsOf } from './drawn-features.mjs';
import { optimizerFor, trainWhenAsked } from './limn-training.mjs';

const options = JSON.parse(process.argv[2]);
const { batch, images, image, stepsPerRun = 1 } = options;
const random = new Random(1);
const config = limnConfigOf(options);
const buffers = plainStatistics(image);
const graph = limnTrainingModel(config, {
  batchSize: batch,
  optimizer: options.optimizer,
  random,
  buffers,
  stepsPerRun,
  optimizerIn: optimizerFor(options),
});

const isFeatures = image.kind === 'features';
const tables = isFeatures
  ? {
      local: drawHalves(random, [images, image.tokens, image.channels + image.colourChannels]),
      global: drawHalves(random, [images, image.globalChannels + image.colourChannels]),
    }
  : { pixels: drawFloats([images, image.size, image.size, 3], () => random.uniform()) };
const lead = stepsPerRun > 1 ? [stepsPerRun, batch] : [batch];
const rowsPerRun = sizeOf(lead);

/** What src/learning/train feeds: rows of the cached features, and words; every second text fills half of its places. */
function feeds() {
  const out = {};
  for (const side of ['reference', 'target']) {
    const rows = Array.from({ length: rowsPerRun }, () => random.below(images));
    for (const [name, table] of Object.entries(tables)) out[`${side}.${name}`] = rowsOf(table, rows, lead);
  }
  const words = BigInt64Array.from({ length: rowsPerRun * options.words }, (_, i) => {
    const [item, place] = [Math.floor(i / options.words), i % options.words];
    return place < options.words / 2 || item % 2 === 1 ? BigInt(1 + random.below(options.vocabulary - 1)) : 0n;
  });
  out.words = { dtype: 'int64', shape: [...lead, options.words], data: words };
  out.sameTarget = drawFloats([...lead, batch], () => 0);
  if (config.referenceNegatives) out.referenceAnswers = drawFloats([...lead, batch], () => 0);
  return out;
}

await trainWhenAsked(graph, feeds, { random, buffers, options });
