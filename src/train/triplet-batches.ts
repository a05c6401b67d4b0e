/** Training triplets as the inputs of a training graph: rows of pictures, word ids, and which rows want the same target. */
import { LimnError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { epochBatches, epochRandom } from '../data/batches.js';
import { joinCaptions, type Split } from '../data/triplets.js';
import type { Vocabulary } from '../encoders/vocabulary.js';
import type { LimnConfig } from '../models/config.js';
import { methodOf } from '../models/methods.js';
import type { PictureSource } from '../models/picture-source.js';
import type { TextSource } from '../models/text-source.js';
import type { DropoutMask } from '../nn/context.js';
import { drawMasks } from '../nn/training.js';
import { float32, type Tensor, tensor } from '../tensor/tensor.js';
import type { TrainingSettings } from './settings.js';

interface Row {
  reference: number;
  target: number;
  captions: readonly string[];
}

export class TripletBatches {
  readonly stepsPerEpoch: number;
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokensSeen: number | undefined;
  private readonly rows: Row[];
  private order: { epoch: number; batches: Uint32Array[] } | undefined;

  constructor(
    split: Split,
    private readonly pictures: PictureSource,
    private readonly texts: TextSource,
    private readonly vocabulary: Vocabulary,
    private readonly config: LimnConfig,
    private readonly settings: TrainingSettings,
    private readonly seed: number,
  ) {
    // A triplet of a picture that was skipped as broken is left out; one with several targets is learned with each.
    this.rows = split.triplets.flatMap(({ reference, targets, captions }) => {
      const from = pictures.rowOf(reference);
      return targets.flatMap((id) => {
        const to = pictures.rowOf(id);
        return from === undefined || to === undefined ? [] : [{ reference: from, target: to, captions }];
      });
    });
    if (this.rows.length === 0) throw new LimnError('DATA', 'There are no training triplets whose pictures can be read.');
    this.stepsPerEpoch = Math.floor(this.rows.length / settings.batchSize);
    this.batch(0);
    const seen = settings.tokensSeen;
    if (seen > 0 && config.picture.kind !== 'features')
      throw new LimnError('CONFIG', 'tokensSeen works with a frozen picture encoder only: leave it out.');
    const { picture } = config;
    const some = picture.kind === 'features' && seen > 0 && seen < picture.tokens && methodOf(config).local(config);
    this.tokensSeen = some ? seen : undefined;
  }

  /**
   * The feeds of `count` steps from `step` on, stacked along a leading axis when `stacked`. They depend on the seed and the step
   * alone, so that a resumed run sees what an uninterrupted one would have seen.
   */
  feeds(step: number, count: number, masks: readonly DropoutMask[], stacked: boolean): Record<string, Tensor> {
    const rows = Array.from({ length: count }, (_, i) => this.batch(step + i)).flatMap((indices) =>
      Array.from(indices, (i) => this.rows[i] as Row),
    );
    const { batchSize } = this.settings;
    const sees = methodOf(this.config).sees(this.config);
    const pictures = (prefix: string, which: (row: Row) => number) => this.pictureFeeds(rows.map(which), prefix, step);
    const flat: Record<string, Tensor> = {
      ...(sees.picture ? pictures('reference.', ({ reference }) => reference) : {}),
      ...pictures('target.', ({ target }) => target),
      ...(sees.text ? this.textFeeds(rows, step) : {}),
    };
    const lead = stacked ? [count, batchSize] : [batchSize];
    const feeds: Record<string, Tensor> = Object.fromEntries(
      Object.entries(flat).map(([name, value]) => [name, { ...value, shape: [...lead, ...value.shape.slice(1)] }]),
    );
    feeds.sameTarget = float32([...lead, batchSize], sameTargets(rows, batchSize));
    const drawn = Array.from({ length: count }, (_, i) =>
      drawMasks(masks, Random.derive(this.seed, `dropout of step ${step + i}`)),
    );
    for (const { name, shape } of masks) {
      const parts = drawn.map((draws) => draws[name]?.data as Float32Array);
      feeds[name] = stacked
        ? float32(
            [count, ...shape],
            parts.flatMap((part) => [...part]),
          )
        : { dtype: 'float32', shape, data: parts[0] as Float32Array };
    }
    return feeds;
  }

  private pictureFeeds(rows: readonly number[], prefix: string, step: number): Record<string, Tensor> {
    const feeds = this.pictures.feeds(rows, { prefix, local: methodOf(this.config).local(this.config) });
    if (this.tokensSeen === undefined) return feeds;
    const random = Random.derive(this.seed, `${prefix} tokens of step ${step}`);
    const { local, places } = drawTokens(feeds[`${prefix}local`] as Tensor<'float16'>, this.tokensSeen, random);
    return { ...feeds, [`${prefix}local`]: local, [`${prefix}places`]: places };
  }

  private batch(step: number): Uint32Array {
    const epoch = Math.floor(step / Math.max(1, this.stepsPerEpoch));
    if (this.order?.epoch !== epoch) {
      const { batchSize } = this.settings;
      this.order = {
        epoch,
        batches: epochBatches({ count: this.rows.length, batchSize, random: epochRandom(this.seed, epoch) }),
      };
    }
    return this.order.batches[step - epoch * this.stepsPerEpoch] as Uint32Array;
  }

  private textFeeds(rows: readonly Row[], step: number): Record<string, Tensor> {
    const { captionSwap, wordDropout } = this.settings;
    const random = Random.derive(this.seed, `texts of step ${step}`);
    const feeds = this.texts.feeds(
      rows.map(({ captions }) => joinCaptions(random.uniform() < captionSwap ? [...captions].reverse() : captions)),
    );
    if (!feeds.words) return feeds;
    const unknown = this.vocabulary.buckets;
    const noisy = BigInt64Array.from((feeds.words as Tensor<'int64'>).data, (id) =>
      id > 0n && random.uniform() < wordDropout ? BigInt(1 + random.below(unknown)) : id,
    );
    return { words: tensor('int64', feeds.words.shape, noisy) };
  }
}

/** Every text that training with these settings can ask for. */
export function trainingTexts(split: Split, { captionSwap }: TrainingSettings): string[] {
  const orders = (captions: readonly string[]) => [
    ...(captionSwap < 1 ? [joinCaptions(captions)] : []),
    ...(captionSwap > 0 ? [joinCaptions([...captions].reverse())] : []),
  ];
  return split.triplets.flatMap(({ captions }) => orders(captions));
}

/** (steps, B, B): 1 where two different rows of a batch want the same picture. */
function sameTargets(rows: readonly Row[], batchSize: number): Float32Array {
  const out = new Float32Array(rows.length * batchSize);
  rows.forEach(({ target }, i) => {
    const start = i - (i % batchSize);
    for (let j = 0; j < batchSize; j++) if (start + j !== i && rows[start + j]?.target === target) out[i * batchSize + j] = 1;
  });
  return out;
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
