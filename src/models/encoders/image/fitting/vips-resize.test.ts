/** Resizing by limn against sharp, bit for bit. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../core/random.js';
import { type VipsKernel, vipsResize, vipsSize } from './vips-resize.js';

const kernels = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/** Sizes that meet each branch: averaged before the filter or not, one side or both enlarged, sides of one pixel. */
const chosen = [
  [300, 200, 64, 48],
  [1777, 31, 13, 31],
  [98, 70, 35, 2],
  [164, 101, 318, 14],
  [278, 129, 334, 42],
  [120, 288, 84, 129],
  [1, 1, 7, 5],
  [1, 90, 20, 9],
  [33, 1, 8, 3],
  [64, 64, 64, 64],
  [45, 141, 198, 88],
] as const;

const differences = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, value, i) => sum + (value === b[i] ? 0 : 1), 0);

describe.each(Object.entries(kernels))('%s', (name, kernel) => {
  it('is what libvips makes, to the last bit', async () => {
    const random = new Random(7);
    const within = (most: number) => 1 + Math.floor(random.uniform() * most);
    const drawn = Array.from({ length: 40 }, () => [within(300), within(300), within(400), 1 + within(400)] as const);
    for (const [width, height, toWidth, toHeight] of [...chosen, ...drawn]) {
      const data = Uint8Array.from({ length: width * height * 3 }, () => Math.floor(random.uniform() * 256));
      const file = sharp(data, { raw: { width, height, channels: 3 } }).png({ compressionLevel: 0 });
      const resized = sharp(await file.toBuffer()).resize(toWidth, toHeight, { fit: 'fill', kernel });
      const scale = { horizontal: 1 / (width / toWidth), vertical: 1 / (height / toHeight) };
      const found = vipsResize({ width, height, data }, scale, name as VipsKernel);
      const label = `${width} x ${height} to ${toWidth} x ${toHeight}`;
      expect({ ...vipsSize({ width, height }, scale) }, label).toEqual({ width: toWidth, height: toHeight });
      expect(differences(await resized.raw().toBuffer(), found.data), label).toBe(0);
    }
  });
});

it('computes a part of the result alone', () => {
  const random = new Random(8);
  const image = {
    width: 90,
    height: 70,
    data: Uint8Array.from({ length: 90 * 70 * 3 }, () => Math.floor(random.uniform() * 256)),
  };
  for (const scale of [
    { horizontal: 0.4, vertical: 0.5 },
    { horizontal: 0.125, vertical: 1.5 },
    { horizontal: 1, vertical: 0.75 },
  ]) {
    const whole = vipsResize(image, scale, 'bicubic');
    const crop = { left: 3, top: 11, width: 7, height: 9 };
    const part = vipsResize(image, scale, 'bicubic', crop);
    const rows = Array.from({ length: crop.height }, (_, y) => {
      const from = ((crop.top + y) * whole.width + crop.left) * 3;
      return [...whole.data.subarray(from, from + crop.width * 3)];
    });
    expect([...part.data]).toEqual(rows.flat());
  }
});
