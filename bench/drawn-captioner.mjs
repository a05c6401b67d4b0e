/** A captioner with random weights, and random picture features, in a file that both sides of decoding.mjs read. */
import { writeFile } from 'node:fs/promises';
import { Random } from '../dist/core/random.js';
import { encodeSafetensors } from '../dist/engine/tensor/safetensors.js';
import { endId, startId } from '../dist/models/captioner/captioner.js';
import { captionerTrainingModel } from '../dist/models/captioner/captioner-graphs.js';
import { captionerConfigOf } from './configs.mjs';
import { drawFloats, drawHalves } from './drawn-features.mjs';
import { optimizer } from './step-race.mjs';

const buckets = 8;

/** Weights that are drawn wider than a new model's, so that words change from place to place and from pair to pair. */
const spread = [
  [/^decoder\.positions$/, 40],
  [/\.(query|key)\.weight$/, 4],
  [/^decoder\.layer.*\.weight$/, 3],
];

/**
 * @param options sizes, see decoding.mjs
 * @param file where weights and features go
 * @returns the options with what a side needs besides: `file`, `forbidden` ids and `vocabularyFile`
 */
export async function drawCaptioner(options, file) {
  const random = new Random(11);
  const { image, vocabulary, images } = options;
  const config = captionerConfigOf(options);
  const total = image.channels + image.colourChannels;
  const buffers = Object.fromEntries(
    ['local', 'global'].flatMap((side) => [
      [`picture.${side}.mean`, drawFloats([total], () => 0.1 * random.normal())],
      [`picture.${side}.inverse_deviation`, drawFloats([total], () => 0.5 + random.uniform())],
    ]),
  );
  const training = captionerTrainingModel(config, { batchSize: 1, optimizer, random, buffers });
  const weights = Object.fromEntries(
    training.parameters.map(({ name, shape }) => {
      const { data } = training.initialState[name];
      const factor = spread.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
      return [name, { dtype: 'float32', shape, data: data.map((value) => factor * value) }];
    }),
  );
  // No text ends before its greatest length.
  weights['decoder.bias'].data[endId(config)] = -1000;
  const features = {
    'features.local': drawHalves(random, [images, image.tokens, total]),
    'features.global': drawHalves(random, [images, total]),
  };
  await writeFile(file, encodeSafetensors({ ...weights, ...buffers, ...features }));
  const words = Array.from({ length: vocabulary - 1 - buckets }, (_, i) => `w${i}`);
  return {
    ...options,
    file,
    forbidden: [...Array.from({ length: 1 + buckets }, (_, id) => id), startId(config)],
    vocabularyFile: { format: 'limn-vocabulary-1', buckets, words },
  };
}
