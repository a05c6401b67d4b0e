/** The models that benches measure, from the options that their sides are started with. */

import type { ModelConfig } from 'limn';
import type { OptimizerOptions, Tensor } from 'limn/engine';
import { type CaptionerConfig, captionerConfig } from '#limn/models/captioner/captioner-config.js';
import { modelConfig } from '#limn/models/methods/model-config.js';
import { drawFloats, type FeatureForm } from './drawn-features.js';

export type ImageForm = FeatureForm | { kind: 'patch'; size: number; patch: number; layers: number };

/** What both sides of a training step are started with. */
export interface StepOptions {
  threads: number;
  batch: number;
  width: number;
  words: number;
  dropout: number;
  layers: number;
  heads: number;
  vocabulary: number;
  /** Images that batches are drawn from. */
  images: number;
  image: ImageForm;
  optimizer: OptimizerOptions;
  factors: number;
  projection: number;
  /** Settings beside those that every side has. @default none */
  model?: object;
  stepsPerRun?: number;
}

export const limnConfigOf = (options: StepOptions): ModelConfig => {
  const { width, factors, layers, heads, dropout, projection, words, vocabulary, image, model } = options;
  return modelConfig.parse({
    width,
    factors,
    layers,
    heads,
    dropout,
    projection,
    words,
    vocabularySize: vocabulary,
    image,
    ...model,
  });
};

/** The sizes of a captioner that is measured. */
export interface CaptionerSizes {
  width: number;
  layers: number;
  heads: number;
  words: number;
  vocabulary: number;
  images: number;
  image: FeatureForm;
  dropout?: number;
}

export const captionerConfigOf = ({ width, layers, heads, words, vocabulary, image, dropout }: CaptionerSizes): CaptionerConfig =>
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

/** Means and deviations of cached features: by default those that leave them as they are. */
export function statisticsOf(image: ImageForm, { mean = 0, inverse = 1 } = {}): Record<string, Tensor> {
  if (image.kind !== 'features') return {};
  const lengths = { local: image.channels + image.colourChannels, global: image.globalChannels + image.colourChannels };
  return Object.fromEntries(
    Object.entries(lengths).flatMap(([name, length]) => [
      [`picture.${name}.mean`, drawFloats([length], () => mean)],
      [`picture.${name}.inverse_deviation`, drawFloats([length], () => inverse)],
    ]),
  );
}
