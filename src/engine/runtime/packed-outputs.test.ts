/** Packed scalars against outputs of their own. */
import { expect, test } from 'vitest';
import { float32 } from '../tensor/tensor.js';
import { fetchedFor, unpacked } from './packed-outputs.js';

const packed = { report: ['loss', 'norm'], other: ['rate'] };

test('a pack is fetched once, and its elements have the names that were asked for', () => {
  const names = ['norm', 'whole', 'loss'];
  expect(fetchedFor(names, packed)).toEqual(['report', 'whole']);
  const fetched = { report: float32([2], [3, 4]), whole: float32([1, 2], [5, 6]) };
  expect(unpacked(names, packed, fetched)).toEqual({ norm: float32([1], [4]), whole: fetched.whole, loss: float32([1], [3]) });
});

test('without packs everything is as it is', () => {
  expect(fetchedFor(['a', 'b'], {})).toEqual(['a', 'b']);
  const fetched = { a: float32([], [1]), b: float32([2], [2, 3]) };
  expect(unpacked(['a', 'b'], {}, fetched)).toEqual(fetched);
});
