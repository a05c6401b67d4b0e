import { describe, expect, it } from 'vitest';
import { readPreprocessor } from './preprocessor.js';

const clip = {
  size: { shortest_edge: 224 },
  crop_size: { height: 224, width: 224 },
  resample: 3,
  image_mean: [0.5, 0.4, 0.3],
  image_std: [0.2, 0.2, 0.1],
};
const common = { size: 224, mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.2, 0.1], resampling: 'pillow-bicubic', fit: 'cover' };

describe('readPreprocessor', () => {
  it.each([
    ['CLIP', clip, common],
    ['sizes as numbers, as of old', { ...clip, size: 224, crop_size: 224 }, common],
    ['a crop from a longer side', { ...clip, size: { shortest_edge: 256 } }, { ...common, shorterSide: 256 }],
    [
      'stretching',
      { ...clip, size: { height: 384, width: 384 }, crop_size: undefined, resample: 2 },
      { ...common, size: 384, resampling: 'pillow-bilinear', fit: 'fill' },
    ],
    ['no normalising', { ...clip, do_normalize: false }, { ...common, mean: [0, 0, 0], deviation: [1, 1, 1] }],
  ])('reads %s', (_, value, expected) => {
    expect(readPreprocessor(value, 'p.json')).toEqual(expected);
  });

  it.each([
    [{ ...clip, resample: 0 }, /resample 0, which is none of 1, 2, 3\.$/],
    [{ ...clip, do_resize: false }, /no resizing/],
    [{ ...clip, rescale_factor: 1 }, /colours that are not from 0 to 1/],
    [{ ...clip, do_center_crop: false }, /pictures of any width/],
    [{ ...clip, crop_size: { height: 224, width: 200 } }, /not square/],
    [{ ...clip, size: { height: 256, width: 256 } }, /stretching before cropping/],
    [{ ...clip, size: 200 }, /a crop of 224 pixels from 200/],
    [{ ...clip, image_std: undefined }, /normalising without image_mean and image_std/],
    [{}, /p\.json is not a picture preprocessor: "size":/],
    [[], /is not a picture preprocessor/],
  ])('refuses what limn does not do: %#', (value, message) => {
    expect(() => readPreprocessor(value, 'p.json')).toThrow(message);
  });
});
