/** The captioner that is measured: its sizes, and its configuration from the options that sides are started with. */
import { captionerConfig } from '../dist/models/captioner-config.js';
import { mobileNet } from './drawn-features.mjs';

export const captionerSizes = { width: 256, layers: 2, heads: 8, words: 24, vocabulary: 400, pictures: 128, picture: mobileNet };

export const captionerOf = ({ width, layers, heads, words, vocabulary, picture, dropout }) =>
  captionerConfig.parse({
    width,
    layers,
    decoderLayers: layers,
    heads,
    words,
    vocabularySize: vocabulary,
    picture,
    ...(dropout === undefined ? {} : { dropout }),
  });
