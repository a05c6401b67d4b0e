import fc from 'fast-check';
import { expect, test } from 'vitest';
import { epochBatches, epochRandom } from './batches.js';

const batchesOf = (count: number, batchSize: number, seed: number, epoch: number) =>
  epochBatches({ count, batchSize, random: epochRandom(seed, epoch) }).map((batch) => [...batch]);

test('every batch is whole and no index comes twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 200 }), fc.nat(), (batchSize, extra, seed) => {
      const count = batchSize + extra;
      const batches = batchesOf(count, batchSize, seed, 0);
      const seen = batches.flat();
      expect(batches.length).toBe(Math.floor(count / batchSize));
      expect(batches.every((batch) => batch.length === batchSize)).toBe(true);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.every((index) => index >= 0 && index < count)).toBe(true);
    }),
  );
});

test('the order depends on seed and epoch alone', () => {
  expect(batchesOf(50, 8, 3, 7)).toEqual(batchesOf(50, 8, 3, 7));
  expect(batchesOf(50, 8, 3, 7)).not.toEqual(batchesOf(50, 8, 3, 8));
  expect(batchesOf(50, 8, 3, 7)).not.toEqual(batchesOf(50, 8, 4, 7));
});

test('too few examples and a wrong size are errors that say what to do', () => {
  expect(() => batchesOf(5, 8, 0, 0)).toThrow(
    'The training set has 5 triplets, fewer than one batch of 8; lower the batch size to 5 or less.',
  );
  expect(() => batchesOf(5, 0, 0, 0)).toThrow('The batch size is 0; it must be a whole number from 1.');
});
