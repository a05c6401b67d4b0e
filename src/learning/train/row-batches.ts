/** Training triplets drawn into batches, and what any model is fed of them. */
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import type { DropoutMask } from '../../engine/nn/context.js';
import { drawMasks } from '../../engine/nn/training.js';
import { float32, type Tensor } from '../../engine/tensor/tensor.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { epochBatches, epochRandom } from '../data/batches.js';
import { joinCaptions, type Split } from '../data/triplets.js';

/** A triplet with one target; pictures are rows of a source. */
export interface TripletRow {
  reference: number;
  target: number;
  /** Rows of equal answers are no negatives of each other: those with the same target, or with targets of the same label. */
  answer: string | number;
  /** What the reference would be as an answer. */
  referenceAnswer: string | number;
  captions: readonly string[];
  /** What it counts in the loss. */
  weight: number;
}

export interface RowBatchesOptions {
  split: Split;
  images: ImageFeatures;
  batchSize: number;
  seed: number;
}

/** The steps whose inputs are wanted. */
export interface Steps {
  /** The first of them. */
  step: number;
  count: number;
  masks: readonly DropoutMask[];
  /** Whether the graph takes a leading axis of steps. */
  isStacked: boolean;
  /** Whether the graph gathers images' features itself, so that it is fed rows. @default false */
  isResident?: boolean;
}

/** Batches that depend on the seed and the step alone, so that a resumed run sees what an uninterrupted one would have seen. */
export class RowBatches {
  readonly stepsPerEpoch: number;
  /** Whether rows count differently. */
  readonly weighted: boolean;
  private readonly rows: TripletRow[];
  private order: { epoch: number; batches: Uint32Array[] } | undefined;

  /** @throws LimnError DATA when no triplet's pictures can be read, CONFIG when there is not one whole batch */
  constructor(private readonly options: RowBatchesOptions) {
    const { split, images, batchSize } = options;
    const labels = new Map(split.images.map(({ id, label }) => [id, label]));
    // A triplet of a picture that was skipped as broken, or without a caption, is left out; one with several targets is learned with each.
    this.rows = split.triplets.flatMap(({ reference, targets, captions, weight = 1 }) => {
      if (captions.length === 0) return [];
      const from = images.rowOf(reference);
      const referenceAnswer = labels.get(reference) ?? (from as number);
      return targets.flatMap((id) => {
        const to = images.rowOf(id);
        return from === undefined || to === undefined
          ? []
          : [{ reference: from, target: to, answer: labels.get(id) ?? to, referenceAnswer, captions, weight }];
      });
    });
    if (this.rows.length === 0)
      throw new LimnError(
        'DATA',
        'There are no training triplets whose images can be read. Check the images of the training split.',
      );
    this.weighted = this.rows.some(({ weight }) => weight !== 1);
    this.stepsPerEpoch = Math.floor(this.rows.length / batchSize);
    this.batch(0);
  }

  /** The rows of `count` steps from `step` on, one batch after another. */
  of(step: number, count: number): TripletRow[] {
    const batches = Array.from({ length: count }, (_, i) => this.batch(step + i));
    return batches.flatMap((indices) => Array.from(indices, (i) => this.rows[i] as TripletRow));
  }

  /** A model's own inputs (steps * batch, ...) with what every graph is fed: what rows count, and the dropout masks. */
  complete(
    flat: Record<string, Tensor>,
    rows: readonly TripletRow[],
    { step, count, masks, isStacked }: Steps,
  ): Record<string, Tensor> {
    const inputs = { ...flat, ...(this.weighted ? { rowWeights: rowWeights(rows) } : {}) };
    return { ...stacked(inputs, count, isStacked), ...maskFeeds(masks, this.options.seed, step, count, isStacked) };
  }

  private batch(step: number): Uint32Array {
    const epoch = Math.floor(step / Math.max(1, this.stepsPerEpoch));
    if (this.order?.epoch !== epoch) {
      const { batchSize, seed } = this.options;
      const batches = epochBatches({ count: this.rows.length, batchSize, random: epochRandom(seed, epoch) });
      this.order = { epoch, batches };
    }
    return this.order.batches[step - epoch * this.stepsPerEpoch] as Uint32Array;
  }
}

/** A text of each row; with the chance `swap` its captions change places. */
export function textsOf(rows: readonly TripletRow[], swap: number, random: Random): string[] {
  return rows.map(({ captions }) => joinCaptions(random.uniform() < swap ? [...captions].reverse() : captions));
}

/** Batch inputs (steps * batch, ...) as a graph wants them: with a leading axis of steps where it takes several in one run. */
function stacked(flat: Readonly<Record<string, Tensor>>, steps: number, isStacked: boolean): Record<string, Tensor> {
  if (!isStacked) return { ...flat };
  return Object.fromEntries(
    Object.entries(flat).map(([name, value]) => {
      const [rows, ...rest] = value.shape as [number, ...number[]];
      return [name, { ...value, shape: [steps, rows / steps, ...rest] }];
    }),
  );
}

function rowWeights(rows: readonly TripletRow[]): Tensor {
  return float32(
    [rows.length],
    rows.map(({ weight }) => weight),
  );
}

/** The dropout masks of `count` steps from `step` on. */
function maskFeeds(
  masks: readonly DropoutMask[],
  seed: number,
  step: number,
  count: number,
  isStacked: boolean,
): Record<string, Tensor> {
  const drawn = Array.from({ length: count }, (_, i) => drawMasks(masks, Random.derive(seed, `dropout of step ${step + i}`)));
  return Object.fromEntries(
    masks.map(({ name, shape }) => {
      const parts = drawn.map((draws) => draws[name]?.data as Float32Array);
      if (!isStacked) return [name, { dtype: 'float32', shape, data: parts[0] as Float32Array } satisfies Tensor];
      const values = parts.flatMap((part) => [...part]);
      return [name, float32([count, ...shape], values)];
    }),
  );
}
