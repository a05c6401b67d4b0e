import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Orientation, orientationOf, withoutTurn } from './exif-orientation.js';

const orientations = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const plain = () => sharp({ create: { width: 40, height: 24, channels: 3, background: '#468' } });

describe.each(['jpeg', 'png', 'webp'] as const)('%s', (format) => {
  it.each(orientations)('says orientation %i, and can be had without', async (orientation) => {
    const file = await plain().withMetadata({ orientation }).toFormat(format).toBuffer();
    expect(orientationOf(file)).toBe(orientation);
    const straight = withoutTurn(file);
    expect(straight.length).toBe(file.length);
    expect(orientationOf(straight)).toBe(1);
    // The file that was given stays as it is.
    expect(orientationOf(file)).toBe(orientation satisfies Orientation);
  });

  it('is upright where nothing is said', async () => {
    const file = await plain().toFormat(format).toBuffer();
    expect(orientationOf(file)).toBe(1);
    expect(withoutTurn(file)).toBe(file);
  });

  it('is upright where the file is cut short anywhere', async () => {
    const file = await plain().withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
    for (let length = 0; length < file.length; length++) expect([1, 6]).toContain(orientationOf(file.subarray(0, length)));
  });
});

it('reads both orders of bytes', async () => {
  const file = await plain().withMetadata({ orientation: 8 }).jpeg().toBuffer();
  const at = file.indexOf('Exif\0\0') + 6;
  const big = Buffer.from('4d4d002a0000000800010112000300000001000600000000', 'hex');
  const changed = Buffer.concat([file.subarray(0, at), big, file.subarray(at + big.length)]);
  expect(orientationOf(changed)).toBe(6);
  expect(orientationOf(withoutTurn(changed))).toBe(1);
});

it('takes nothing that makes no sense', () => {
  expect(orientationOf(new Uint8Array())).toBe(1);
  expect(orientationOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xe1, 0, 0))).toBe(1);
  const endless = Uint8Array.from({ length: 64 }, (_, i) => [0xff, 0xd8][i] ?? 0xff);
  expect(orientationOf(endless)).toBe(1);
});
