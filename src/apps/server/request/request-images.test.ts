import sharp from 'sharp';
import { expect, it } from 'vitest';
import { defaultLimits } from '../guard/limits.js';
import { DecodeTurns } from './decode-turns.js';
import { RequestImages } from './request-images.js';

const jpeg = () =>
  sharp({ create: { width: 400, height: 200, channels: 3, background: '#a03020' } })
    .jpeg()
    .toBuffer();

function counted(requestPixels = defaultLimits.requestPixels) {
  const charged: number[] = [];
  const turns = new DecodeTurns({ concurrency: 1, perCaller: 1, bytes: 2 ** 30 });
  const limits = { ...defaultLimits, requestPixels, ratePixels: 1 };
  const signal = new AbortController().signal;
  const images = new RequestImages({ limits, turns, caller: 'a', signal, charge: (cost) => void charged.push(cost) });
  return { images, charged };
}

it('weighs a part of a picture as all of its pixels, and counts none of them twice', async () => {
  const { images, charged } = counted();
  const bytes = await jpeg();
  await images.check(bytes, 'The picture');
  expect(charged).toEqual([10_000]);
  await images.check(bytes, 'The picture', true);
  expect(charged).toEqual([10_000, 70_000]);
  await images.inTurn(bytes, async () => {}, true);
  await images.check(bytes, 'The picture');
  expect(charged).toHaveLength(2);
  // A picture of the gallery is counted when it is decoded.
  const stored = counted();
  await stored.images.inTurn(bytes, async () => {}, true);
  await stored.images.inTurn(bytes, async () => {}, true);
  expect(stored.charged).toEqual([80_000]);
});

it('keeps to what one request may have decoded', async () => {
  const bytes = await jpeg();
  await counted(20_000).images.check(bytes, 'The picture');
  await expect(counted(20_000).images.check(bytes, 'The picture', true)).rejects.toThrow('more pixels to decode');
  await expect(counted(20_000).images.inTurn(bytes, async () => {}, true)).rejects.toThrow('more pixels to decode');
});
