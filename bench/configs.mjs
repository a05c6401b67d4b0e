/** The models that benches measure, from the options that their sides are started with. */

import { captionerConfig } from '../dist/models/captioner/captioner-config.js';
import { modelConfig } from '../dist/models/methods/model-config.js';

/** @param options.model settings beside those that every side has. @default none */
export const limnConfigOf = ({ width, factors, layers, heads, dropout, projection, words, vocabulary, image, model = {} }) =>
  modelConfig.parse({ width, factors, layers, heads, dropout, projection, words, vocabularySize: vocabulary, image, ...model });

export const captionerConfigOf = ({ width, layers, heads, words, vocabulary, image, dropout }) =>
  captionerConfig.parse({
    width,
    layers,
    decoderLayers: layers,
    heads,
    words,
    vocabularySize: vocabulary,
    image,
    ...(dropout === undefined ? {} : { dropout }),
  });

/** Means and deviations that leave cached features as they are. */
export function plainStatistics({ kind, channels, globalChannels, colourChannels }) {
  if (kind !== 'features') return {};
  const filled = (length, value) => ({ dtype: 'float32', shape: [length], data: new Float32Array(length).fill(value) });
  return {
    'picture.local.mean': filled(channels + colourChannels, 0),
    'picture.local.inverse_deviation': filled(channels + colourChannels, 1),
    'picture.global.mean': filled(globalChannels + colourChannels, 0),
    'picture.global.inverse_deviation': filled(globalChannels + colourChannels, 1),
  };
}
