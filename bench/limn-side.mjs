/** The limn side of training-step.mjs. */
import { Random } from '../dist/core/random.js';
import { limnConfig } from '../dist/models/config.js';
import { limnTrainingModel } from '../dist/models/limn-graphs.js';
import { sizeOf } from '../dist/tensor/tensor.js';
import { drawFloats, drawHalves, rowsOf } from './drawn-features.mjs';
import { trainWhenAsked } from './limn-training.mjs';

const options = JSON.parse(process.argv[2]);
const { batch, pictures, picture, stepsPerRun = 1 } = options;
const random = new Random(1);
const config = limnConfig.parse({
  width: options.width,
  factors: options.factors,
  layers: options.layers,
  heads: options.heads,
  dropout: options.dropout,
  projection: options.projection,
  words: options.words,
  vocabularySize: options.vocabulary,
  picture,
});

const isFeatures = picture.kind === 'features';
const total = isFeatures ? picture.channels + picture.colourChannels : 0;
const globalTotal = isFeatures ? picture.globalChannels + picture.colourChannels : 0;
const buffers = isFeatures
  ? {
      'picture.local.mean': drawFloats([total], () => 0),
      'picture.local.inverse_deviation': drawFloats([total], () => 1),
      'picture.global.mean': drawFloats([globalTotal], () => 0),
      'picture.global.inverse_deviation': drawFloats([globalTotal], () => 1),
    }
  : {};
const graph = limnTrainingModel(config, { batchSize: batch, optimizer: options.optimizer, random, buffers, stepsPerRun });

const tables = isFeatures
  ? {
      local: drawHalves(random, [pictures, picture.tokens, total]),
      global: drawHalves(random, [pictures, globalTotal]),
    }
  : { pixels: drawFloats([pictures, picture.size, picture.size, 3], () => random.uniform()) };
const lead = stepsPerRun > 1 ? [stepsPerRun, batch] : [batch];
const rowsPerRun = sizeOf(lead);

/** What src/train feeds: rows of the cached features, and words; every second text fills half of its places. */
function feeds() {
  const out = {};
  for (const side of ['reference', 'target']) {
    const rows = Array.from({ length: rowsPerRun }, () => random.below(pictures));
    for (const [name, table] of Object.entries(tables)) out[`${side}.${name}`] = rowsOf(table, rows, lead);
  }
  const words = BigInt64Array.from({ length: rowsPerRun * options.words }, (_, i) => {
    const [item, place] = [Math.floor(i / options.words), i % options.words];
    return place < options.words / 2 || item % 2 === 1 ? BigInt(1 + random.below(options.vocabulary - 1)) : 0n;
  });
  out.words = { dtype: 'int64', shape: [...lead, options.words], data: words };
  out.sameTarget = drawFloats([...lead, batch], () => 0);
  return out;
}

await trainWhenAsked(graph, feeds, { random, buffers, options });
