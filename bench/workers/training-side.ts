/** The limn side of training-step.ts. */

import { Random, sizeOf, type Tensor, tensor } from 'limn/engine';
import { limnTrainingModel } from '#limn/models/retrieval/retrieval-graphs.js';
import { limnConfigOf, type StepOptions, statisticsOf } from '../lib/configs.js';
import { drawFloats, drawHalves, rowsOf } from '../lib/drawn-features.js';
import { residentFeatures } from '../lib/resident-features.js';
import { givenOptions } from './options.js';
import { optimizerFor, type TrainOptions, trainWhenAsked } from './train-when-asked.js';

const options = givenOptions<StepOptions & TrainOptions>();
const { batch, images, image, stepsPerRun = 1 } = options;
const random = new Random(1);
const config = limnConfigOf(options);
const buffers = statisticsOf(image);
const tables: Record<string, Tensor> =
  image.kind === 'features'
    ? {
        local: drawHalves(random, [images, image.tokens, image.channels + image.colourChannels]),
        global: drawHalves(random, [images, image.globalChannels + image.colourChannels]),
      }
    : { pixels: drawFloats([images, image.size, image.size, 3], () => random.uniform()) };
// As in src/learning/train: on a GPU the features are there, and a step is fed rows.
const onDevice =
  options.device === 'webgpu' && !options.copied && stepsPerRun === 1 && image.kind === 'features'
    ? await residentFeatures(image, tables as Record<'local' | 'global', Tensor<'float16'>>)
    : undefined;
const graph = limnTrainingModel(config, {
  batchSize: batch,
  optimizer: options.optimizer,
  random,
  buffers,
  stepsPerRun,
  optimizerIn: optimizerFor(options),
  ...(onDevice ? { resident: onDevice.features } : {}),
});
const lead = stepsPerRun > 1 ? [stepsPerRun, batch] : [batch];
const rowsPerRun = sizeOf(lead);

/** What src/learning/train feeds: rows of the cached features, and words; every second text fills half of its positions. */
function feeds() {
  const out: Record<string, Tensor> = {};
  for (const side of ['reference', 'target']) {
    const rows = Array.from({ length: rowsPerRun }, () => random.below(images));
    if (onDevice) Object.assign(out, onDevice.feeds(rows, `${side}.`));
    else for (const [name, table] of Object.entries(tables)) out[`${side}.${name}`] = rowsOf(table, rows, lead);
  }
  const words = BigInt64Array.from({ length: rowsPerRun * options.words }, (_, i) => {
    const [item, position] = [Math.floor(i / options.words), i % options.words];
    return position < options.words / 2 || item % 2 === 1 ? BigInt(1 + random.below(options.vocabulary - 1)) : 0n;
  });
  out.words = tensor('int64', [...lead, options.words], words);
  out.sameTarget = drawFloats([...lead, batch], () => 0);
  if (config.referenceNegatives) out.referenceAnswers = drawFloats([...lead, batch], () => 0);
  return out;
}

await trainWhenAsked(graph, feeds, { random, buffers, options, resident: onDevice?.tensors });
