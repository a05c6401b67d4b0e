/** The picture inputs of training steps, of all local tokens or of some that are drawn. */
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ImageConfig } from '../../models/backbone/config.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';

export interface ImageFeedsOptions {
  images: ImageFeatures;
  /** The pictures' part of the model's config. */
  image: ImageConfig;
  /** Local tokens that a step sees of each picture; 0 for all. */
  tokenSubsample: number;
  /** Whether the model has a use for local tokens. */
  usesLocal: boolean;
  seed: number;
}

export class ImageFeeds {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokenSubsample: number | undefined;

  /** @throws LimnError CONFIG where fewer tokens are wanted of pictures that have none of their own */
  constructor(private readonly options: ImageFeedsOptions) {
    const { image, tokenSubsample, usesLocal } = options;
    this.tokenSubsample = seenOf(image, tokenSubsample, usesLocal);
  }

  /** @param rows of the source @param prefix of the inputs' names @param draw what the draw of tokens is told apart by */
  of(rows: readonly number[], prefix: string, draw: string): Record<string, Tensor> {
    const { images, usesLocal, seed } = this.options;
    const feeds = images.feeds(rows, { prefix, local: usesLocal });
    if (this.tokenSubsample === undefined) return feeds;
    const random = Random.derive(seed, draw);
    const { local, places } = drawTokens(feeds[`${prefix}local`] as Tensor<'float16'>, this.tokenSubsample, random);
    return { ...feeds, [`${prefix}local`]: local, [`${prefix}places`]: places };
  }
}

function seenOf(image: ImageConfig, wanted: number, usesLocal: boolean): number | undefined {
  if (wanted === 0) return undefined;
  if (image.kind !== 'features')
    throw new LimnError('CONFIG', 'tokenSubsample works with a frozen picture encoder only: leave it out.');
  return wanted < image.tokens && usesLocal ? wanted : undefined;
}

/** Draws `seen` of the tokens of each picture (n, tokens, channels), in their order: (n, seen, channels) and places (n, seen). */
function drawTokens(local: Tensor<'float16'>, seen: number, random: Random): { local: Tensor; places: Tensor } {
  const [count, tokens, channels] = local.shape as [number, number, number];
  const kept = new Uint16Array(count * seen * channels);
  const places = new BigInt64Array(count * seen);
  const all = Array.from({ length: tokens }, (_, i) => i);
  for (let row = 0; row < count; row++) {
    const chosen = random
      .shuffle([...all])
      .slice(0, seen)
      .sort((a, b) => a - b);
    chosen.forEach((place, i) => {
      const from = (row * tokens + place) * channels;
      kept.set(local.data.subarray(from, from + channels), (row * seen + i) * channels);
      places[row * seen + i] = BigInt(place);
    });
  }
  return { local: tensor('float16', [count, seen, channels], kept), places: tensor('int64', [count, seen], places) };
}
