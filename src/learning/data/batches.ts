/** Batches of example indices for training, all of one size because the training graph has static shapes. */
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';

export interface EpochBatchesOptions {
  /** How many examples there are. */
  count: number;
  /** Examples in a batch. */
  batchSize: number;
  /** Draws the order; see {@link epochRandom}. */
  random: Random;
}

/** The generator of one epoch's order. It depends on `seed` and `epoch` alone, so a resumed run needs no saved state for it. */
export function epochRandom(seed: number, epoch: number): Random {
  return Random.derive(seed, `order of epoch ${epoch}`);
}

/**
 * Shuffles the indices 0..count-1 and cuts them into batches; the last, incomplete one is dropped.
 *
 * @returns floor(count / batchSize) arrays of batchSize distinct indices
 * @throws LimnError CONFIG when there is not one whole batch
 */
export function epochBatches({ count, batchSize, random }: EpochBatchesOptions): Uint32Array[] {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new LimnError('CONFIG', `The batch size is ${batchSize}; it must be a whole number from 1.`, {
      details: { batchSize },
    });
  }
  requireBatch(count, batchSize);
  const order = Uint32Array.from(random.shuffle(Array.from({ length: count }, (_, index) => index)));
  return Array.from({ length: Math.floor(count / batchSize) }, (_, b) => order.slice(b * batchSize, (b + 1) * batchSize));
}

/** @throws LimnError CONFIG when there is not one whole batch */
export function requireBatch(count: number, batchSize: number): void {
  if (count >= batchSize) return;
  const advice =
    count < 2
      ? 'a batch needs at least 2, of which one is the negative of the other: add triplets'
      : `lower the batch size to ${count} or less`;
  const message = `The training set has ${count} triplets, fewer than one batch of ${batchSize}; ${advice}.`;
  throw new LimnError('CONFIG', message, { details: { count, batchSize } });
}
