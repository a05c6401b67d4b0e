import { describe, expect, it } from 'vitest';
import { readOpenClipConfig, readTimmConfig } from './evaluation-transforms.js';
import { readPreprocessor } from './preprocessor.js';

const clip = {
  size: { shortest_edge: 224 },
  crop_size: { height: 224, width: 224 },
  resample: 3,
  image_mean: [0.5, 0.4, 0.3],
  image_std: [0.2, 0.2, 0.1],
};
const common = { size: 224, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.1], resampling: 'pillow-bicubic', fit: 'cover' };

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
    ['another rescaling', { ...clip, rescale_factor: 1 / 127.5 }, { ...common, mean: [0.25, 0.2, 0.15], std: [0.1, 0.1, 0.05] }],
    ['stretching before cropping', { ...clip, size: { height: 256, width: 256 } }, { ...common, fit: 'fill', shorterSide: 256 }],
    ['a crop that is larger', { ...clip, size: { shortest_edge: 200 } }, { ...common, shorterSide: 200 }],
    [
      'the class of the model where no class is named',
      { size: 32 },
      { size: 32, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], resampling: 'pillow-bilinear', fit: 'fill' },
      'swin',
    ],
    [
      'old names, and null for what it then is of itself',
      { ...clip, feature_extractor_type: 'CLIPFeatureExtractor', size: null },
      common,
    ],
    ['a fast class', { ...clip, image_processor_type: 'CLIPImageProcessorFast', resample: undefined }, common],
    [
      'one number for all colours',
      { ...clip, image_mean: 0.4, image_std: 0.2 },
      { ...common, mean: [0.4, 0.4, 0.4], std: [0.2, 0.2, 0.2] },
    ],
    ['no normalising', { ...clip, do_normalize: false }, { ...common, mean: [0, 0, 0], std: [1, 1, 1] }],
  ] as [string, unknown, object, string?][])('reads %s', (_, value, expected, model) => {
    expect(readPreprocessor(value, 'p.json', model)).toEqual(expected);
  });

  it('scales and shifts colours once for all that a class does to them', () => {
    const twice = { image_processor_type: 'EfficientNetImageProcessor', size: { height: 32, width: 32 }, rescale_offset: true };
    const { mean, std } = readPreprocessor({ ...twice, rescale_factor: 1 / 127.5 }, 'p.json');
    // (2 c - 1 - 0.5) / 0.5 / 0.5
    expect([mean[0], std[0]]).toEqual([expect.closeTo(0.75, 9), expect.closeTo(0.125, 9)]);
    expect(readPreprocessor({ image_processor_type: 'MobileViTImageProcessor' }, 'p.json').channelOrder).toBe('BGR');
  });

  it.each([
    [{ ...clip, resample: 6 }, /"resample" 6, which is none of 0 to 5\.$/],
    [{ ...clip, resample: undefined }, /"resample", and no image_processor_type/],
    [{ ...clip, image_processor_type: 'CLIPImageProcessor', resample: null }, /"resample": null\.$/],
    [{ ...clip, rescale_factor: null }, /"rescale_factor": null\.$/],
    [{ ...clip, do_resize: null }, /no resizing/],
    [
      { image_processor_type: 'DINOv3ViTImageProcessorFast', resample: 3 },
      /"resample" 3 of colours that its class leaves beyond black/,
    ],
    [{ ...clip, do_center_crop: null }, /pictures of any width/],
    [{ ...clip, image_mean: [0.5] }, /"image_mean" of 1 colours, not of 3\.$/],
    [{ image_processor_type: 'ViTImageProcessor', do_center_crop: true }, /"do_center_crop" without "crop_size"\.$/],
    [{ image_processor_type: 'ConvNextImageProcessor', crop_pct: null, size: { shortest_edge: 64 } }, /"crop_pct": null\.$/],
    [
      { ...clip, image_processor_type: 'DPTImageProcessor', do_center_crop: true },
      /"do_center_crop", which only one of the two versions of its class does\.$/,
    ],
    [{ ...clip, do_resize: false }, /no resizing \("do_resize": false\)/],
    [{ ...clip, rescale_factor: 1 / 2550 }, /colours that are not from 0 to 1 .*"rescale_factor"/],
    [{ ...clip, do_pad: true }, /"do_pad": true\.$/],
    [{ ...clip, size_divisor: 32 }, /"size_divisor": 32\.$/],
    [{ ...clip, something_new: [1] }, /"something_new": \[1\]\.$/],
    [{ ...clip, keep_aspect_ratio: true }, /"keep_aspect_ratio"/],
    [{ ...clip, crop_pct: 0.9 }, /"crop_pct"/],
    [{ ...clip, size: { shortest_edge: 224, longest_edge: 400 } }, /"size\.longest_edge"/],
    [{ ...clip, size: { longest_edge: 400 } }, /"size\.longest_edge"/],
    [{ ...clip, size: { height: 224 } }, /"size" \{"height":224\}/],
    [{ ...clip, size: { height: 0, width: 0 } }, /"size" \{"height":0,"width":0\}/],
    [{ ...clip, image_processor_type: 'SamImageProcessor' }, /image_processor_type "SamImageProcessor"/],
    [{ image_processor_type: 'ConvNextImageProcessor', size: { height: 64, width: 64 } }, /"size" without shortest_edge/],
    [{ ...clip, do_center_crop: false }, /pictures of any width/],
    [{ ...clip, crop_size: { height: 224, width: 200 } }, /not square/],
    [{ ...clip, image_std: undefined }, /normalising without image_mean and image_std/],
    [{}, /p\.json is not a picture preprocessor: "size":/],
    [[], /is not a picture preprocessor/],
  ])('refuses what limn does not do: %#', (value, message) => {
    expect(() => readPreprocessor(value, 'p.json')).toThrow(message);
  });
});

describe('the transforms of timm and open_clip', () => {
  it.each([
    [{ pretrained_cfg: { crop_mode: 'border' } }, /"crop_mode" "border"/],
    [{ pretrained_cfg: { input_size: [3, 224, 192] } }, /"input_size" \[3,224,192\]/],
    [{ pretrained_cfg: { interpolation: 'random' } }, /"pretrained_cfg\.interpolation"/],
  ])('refuses what limn does not do: %j', (value, message) => {
    expect(() => readTimmConfig(value, 'config.json')).toThrow(message);
  });

  it.each([
    [{ model_cfg: { vision_cfg: { image_size: 32 } }, preprocess_cfg: { resize_mode: 'longest' } }, /"resize_mode" "longest"/],
    [{ model_cfg: { vision_cfg: { image_size: [32, 16] } } }, /"image_size" \[32,16\]/],
    [{}, /is not open_clip's config that limn can use: "model_cfg"/],
  ])('refuses what open_clip asks for: %j', (value, message) => {
    expect(() => readOpenClipConfig(value, 'open_clip_config.json')).toThrow(message);
  });

  it('reads the flat files that timm wrote first', () => {
    const settings = { input_size: [3, 32, 32], crop_pct: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    const flat = readTimmConfig({ architecture: 'vit_tiny', num_classes: 10, ...settings }, 'config.json');
    expect(flat).toEqual(readTimmConfig({ architecture: 'vit_tiny', pretrained_cfg: settings }, 'config.json'));
    expect(flat).toMatchObject({ size: 32, mean: [0.5, 0.5, 0.5] });
  });

  it("takes no other library's config for timm's", () => {
    expect(readTimmConfig({ model_type: 'vit' }, 'config.json')).toBeUndefined();
  });
});
