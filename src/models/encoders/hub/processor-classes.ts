/** What transformers' image processors do where their settings do not say: the defaults of each class, and the models that use it. */

export type Extent =
  | number
  | readonly number[]
  | { shortest_edge: number }
  | { height: number; width: number }
  | { longest_edge: number };

export interface ProcessorClass {
  /** Settings that a file need not give, under the names that it has for them. */
  resample: number;
  size: Extent;
  crop_size?: Extent;
  do_center_crop?: boolean;
  do_normalize?: boolean;
  image_mean: readonly number[];
  image_std: readonly number[];
  rescale_factor?: number;
  crop_pct?: number;
  do_flip_channel_order?: boolean;
  rescale_offset?: boolean;
  include_top?: boolean;
  /** Whether a `size` that is a number means both sides, and not the shorter one. @default true */
  default_to_square?: boolean;
  /** How the class resizes, where it does so in its own way. @default as its size says */
  resizing?: 'convnext' | 'levit' | 'poolformer';
  /** Whether it scales the colours before it resizes, so that nothing is rounded between the two. */
  rescalesFirst?: boolean;
  /** Whether one of its two versions, Pillow's and torchvision's, crops the centre where the other does not. */
  cropIsUnsettled?: boolean;
  /** Values of config.json's `model_type` that go with it, for files that do not name their class. */
  models: readonly string[];
}

const half = [0.5, 0.5, 0.5];
const imagenet = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const standard = { image_mean: half, image_std: half };
const openai = { image_mean: [0.48145466, 0.4578275, 0.40821073], image_std: [0.26862954, 0.26130258, 0.27577711] };
const square = (side: number) => ({ height: side, width: side });
const shortest = (side: number) => ({ shortest_edge: side });
const [bilinear, bicubic] = [2, 3];
/** The shorter side, then the centre. */
const cropped = (side: number, crop: number) =>
  ({ size: shortest(side), crop_size: square(crop), do_center_crop: true, default_to_square: false }) as const;
const clip = { resample: bicubic, ...cropped(224, 224), ...openai };

/** By the name without `ImageProcessor` or `FeatureExtractor`, in lower case. */
export const processorClasses: Readonly<Record<string, ProcessorClass>> = {
  beit: { resample: bicubic, size: square(224), crop_size: square(224), ...standard, models: ['beit', 'data2vec-vision'] },
  bit: { ...clip, models: ['bit', 'dinov2', 'dinov2_with_registers', 'focalnet', 'hiera', 'pixio'] },
  blip: { resample: bicubic, size: square(384), ...openai, models: ['blip', 'blip-2', 'instructblip'] },
  chineseclip: { ...clip, models: ['chinese_clip'] },
  clip: {
    ...clip,
    models: [
      'clip',
      'aimv2',
      'aimv2_vision_model',
      'altclip',
      'git',
      'groupvit',
      'metaclip_2',
      'mlcd',
      'xclip',
      'clip_vision_model',
    ],
  },
  convnext: {
    resample: bicubic,
    size: shortest(384),
    crop_pct: 224 / 256,
    default_to_square: false,
    resizing: 'convnext',
    ...standard,
    models: ['convnext', 'convnextv2', 'cvt', 'regnet', 'resnet'],
  },
  deit: { resample: bicubic, size: square(256), crop_size: square(224), do_center_crop: true, ...standard, models: ['deit'] },
  dinov3vit: {
    resample: bilinear,
    size: square(224),
    rescalesFirst: true,
    ...imagenet,
    models: ['dinov3_vit', 'dinov3_convnext'],
  },
  dpt: { resample: bicubic, size: square(384), ...standard, cropIsUnsettled: true, models: ['dpt', 'depth_anything'] },
  efficientnet: {
    resample: bicubic,
    size: square(346),
    crop_size: square(289),
    rescale_offset: false,
    include_top: true,
    ...standard,
    models: ['efficientnet', 'align'],
  },
  flava: { resample: bicubic, size: square(224), crop_size: square(224), do_center_crop: true, ...openai, models: ['flava'] },
  levit: { resample: bicubic, ...cropped(224, 224), resizing: 'levit', ...imagenet, models: ['levit'] },
  mobilenetv1: { resample: bilinear, ...cropped(256, 224), ...standard, models: ['mobilenet_v1'] },
  mobilenetv2: { resample: bilinear, ...cropped(256, 224), ...standard, models: ['mobilenet_v2'] },
  mobilevit: {
    resample: bicubic,
    ...cropped(224, 256),
    do_normalize: false,
    do_flip_channel_order: true,
    ...standard,
    models: ['mobilevit', 'mobilevitv2'],
  },
  owlvit: { resample: bicubic, size: square(768), crop_size: square(768), ...openai, models: ['owlvit'] },
  poolformer: {
    resample: bicubic,
    ...cropped(224, 224),
    crop_pct: 0.9,
    resizing: 'poolformer',
    ...imagenet,
    models: ['poolformer'],
  },
  pvt: { resample: bicubic, size: square(224), ...imagenet, models: ['pvt', 'pvt_v2'] },
  segformer: { resample: bilinear, size: square(512), ...imagenet, models: ['segformer', 'upernet'] },
  siglip: {
    resample: bicubic,
    size: square(224),
    default_to_square: false,
    ...standard,
    models: ['siglip', 'siglip_vision_model', 'paligemma', 'colpali'],
  },
  vit: {
    resample: bilinear,
    size: square(224),
    ...standard,
    models: ['vit', 'swin', 'swinv2', 'vit_mae', 'vit_msn', 'ijepa', 'dinat', 'clipseg', 'swiftformer', 'mgp-str', 'trocr'],
  },
};

/**
 * The class that a processor's settings name, or the one of its model where they name none.
 *
 * @returns its defaults and the name as given; no defaults for a class that is not in the table
 */
export function processorClass(
  type: string | undefined,
  modelType: string | undefined,
): { name?: string; defaults?: ProcessorClass } {
  if (type !== undefined) {
    const key = type.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '').toLowerCase();
    const defaults = processorClasses[key];
    return { name: type, ...(defaults ? { defaults } : {}) };
  }
  const found = Object.values(processorClasses).find(({ models }) => modelType !== undefined && models.includes(modelType));
  return found ? { defaults: found } : {};
}

/** All but Segformer, which never crops. */
const croppingClasses = Object.keys(processorClasses).filter((name) => name !== 'segformer');

/** Settings that only some classes read; the others pass over them. */
const ownSettings: Readonly<Record<string, readonly string[]>> = {
  crop_pct: ['convnext', 'poolformer'],
  crop_size: croppingClasses,
  do_center_crop: croppingClasses,
  do_flip_channel_order: ['mobilevit'],
  ensure_multiple_of: ['dpt'],
  include_top: ['efficientnet'],
  keep_aspect_ratio: ['dpt'],
  rescale_offset: ['efficientnet'],
};

/** Settings of a file that its class does not read, by their names. */
export function foreignSettings(value: unknown, modelType: string | undefined): string[] {
  const settings = value as { image_processor_type?: string; feature_extractor_type?: string };
  const { defaults } = processorClass(settings.image_processor_type ?? settings.feature_extractor_type, modelType);
  if (!defaults) return [];
  return Object.keys(ownSettings).filter(
    (name) =>
      (settings as Record<string, unknown>)[name] != null &&
      !ownSettings[name]?.some((owner) => processorClasses[owner] === defaults),
  );
}
