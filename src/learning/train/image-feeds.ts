/** The image inputs of training steps, of all local tokens or of some that are drawn: features, or the rows of tables that the graph has. */
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

/** Which images a step sees, and how. */
export interface ImageDraw {
  /** Rows of the source. */
  rows: readonly number[];
  /** Of the inputs' names. */
  prefix: string;
  /** What the draw of tokens is told apart by. */
  draw: string;
  /** Whether the graph gathers the features itself, see models/backbone/resident-features.ts. */
  isResident: boolean;
}

export class ImageFeeds {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokenSubsample: number | undefined;

  /** @throws LimnError CONFIG where fewer tokens are wanted of pictures that have none of their own */
  constructor(private readonly options: ImageFeedsOptions) {
    const { image, tokenSubsample, usesLocal } = options;
    this.tokenSubsample = seenOf(image, tokenSubsample, usesLocal);
  }

  of({ rows, prefix, draw, isResident }: ImageDraw): Record<string, Tensor> {
    const { images, image, usesLocal, seed } = this.options;
    const { tokenSubsample: seen } = this;
    const tokens = image.kind === 'features' ? image.tokens : 0;
    const drawn = seen === undefined ? undefined : drawPlaces(rows.length, tokens, seen, Random.derive(seed, draw));
    const places = drawn && {
      [`${prefix}places`]: tensor('int64', [rows.length, seen as number], BigInt64Array.from(drawn, BigInt)),
    };
    if (isResident) return { ...rowsOf(rows, prefix, usesLocal ? tokens : 0, drawn), ...places };
    const feeds = images.feeds(rows, { prefix, local: usesLocal });
    if (!drawn) return feeds;
    return { ...feeds, [`${prefix}local`]: chosenOf(feeds[`${prefix}local`] as Tensor<'float16'>, drawn), ...places };
  }
}

function seenOf(image: ImageConfig, wanted: number, usesLocal: boolean): number | undefined {
  if (wanted === 0) return undefined;
  if (image.kind !== 'features')
    throw new LimnError('CONFIG', 'tokenSubsample works with a frozen picture encoder only: leave it out.');
  return wanted < image.tokens && usesLocal ? wanted : undefined;
}

/** Draws `seen` of the tokens of each of `count` images, in their order: (count, seen). */
function drawPlaces(count: number, tokens: number, seen: number, random: Random): Int32Array {
  const places = new Int32Array(count * seen);
  const all = Array.from({ length: tokens }, (_, i) => i);
  for (let row = 0; row < count; row++) {
    const chosen = random
      .shuffle([...all])
      .slice(0, seen)
      .sort((a, b) => a - b);
    places.set(chosen, row * seen);
  }
  return places;
}

/** The tokens (n, seen, channels) at `places` (n, seen) of (n, tokens, channels). */
function chosenOf(local: Tensor<'float16'>, places: Int32Array): Tensor {
  const [count, tokens, channels] = local.shape as [number, number, number];
  const seen = places.length / count;
  const kept = new Uint16Array(places.length * channels);
  places.forEach((place, i) => {
    const from = (Math.floor(i / seen) * tokens + place) * channels;
    kept.set(local.data.subarray(from, from + channels), i * channels);
  });
  return tensor('float16', [count, seen, channels], kept);
}

/** Rows of the resident tables: of images, and of their tokens where there are any. @param places (n, seen); all tokens if undefined */
function rowsOf(rows: readonly number[], prefix: string, tokens: number, places: Int32Array | undefined): Record<string, Tensor> {
  const globalRows = tensor('int32', [rows.length], Int32Array.from(rows));
  if (tokens === 0) return { [`${prefix}globalRows`]: globalRows };
  const seen = places ? places.length / rows.length : tokens;
  const localRows = Int32Array.from({ length: rows.length * seen }, (_, i) => {
    const place = places ? (places[i] as number) : i % tokens;
    return (rows[Math.floor(i / seen)] as number) * tokens + place;
  });
  return { [`${prefix}globalRows`]: globalRows, [`${prefix}localRows`]: tensor('int32', [rows.length, seen], localRows) };
}
