/** How timm and open_clip prepare pictures: config.json's `pretrained_cfg`, and open_clip_config.json. Both resize and crop as torchvision does. */
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { mistakeText } from '../../../core/schema.js';
import type { ImageSteps } from './preprocessor.js';

const interpolations = {
  nearest: 'pillow-nearest',
  bilinear: 'pillow-bilinear',
  bicubic: 'pillow-bicubic',
  lanczos: 'pillow-lanczos',
  box: 'pillow-box',
  hamming: 'pillow-hamming',
} as const;
const interpolation = z.enum(Object.keys(interpolations) as [keyof typeof interpolations]).nullish();
const colours = z.array(z.number()).length(3).nullish();
const side = z.number().int().positive();

const timmSchema = z.object({
  pretrained_cfg: z.looseObject({
    input_size: z.tuple([z.number(), side, side]).nullish(),
    interpolation,
    crop_pct: z.number().positive().nullish(),
    crop_mode: z.string().nullish(),
    mean: colours,
    std: colours,
  }),
});

/** @throws LimnError CONFIG for steps that limn does not do; undefined for a config.json that is not timm's */
export function readTimmConfig(value: unknown, label: string): ImageSteps | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  // Older files of timm have the settings beside the name of the architecture.
  const isFlat = !('pretrained_cfg' in value) && 'architecture' in value && 'input_size' in value;
  if (!isFlat && !('pretrained_cfg' in value)) return undefined;
  const config = parse(timmSchema, isFlat ? { pretrained_cfg: value } : value, label, "timm's config").pretrained_cfg;
  const [channels, height, size] = config.input_size ?? [3, 224, 224];
  const mode = config.crop_mode ?? 'center';
  if (channels !== 3 || height !== size)
    throw refused(label, `pictures that are not square RGB ("input_size" [${config.input_size}])`);
  if (mode !== 'center' && mode !== 'squash') throw refused(label, `"crop_mode" "${mode}"`);
  const scaled = Math.floor(size / (config.crop_pct ?? 0.875));
  return steps({
    size,
    scaled,
    fit: mode === 'squash' ? 'fill' : 'cover',
    interpolation: config.interpolation ?? 'bicubic',
    mean: config.mean ?? [0.485, 0.456, 0.406],
    std: config.std ?? [0.229, 0.224, 0.225],
  });
}

const openClipSchema = z.object({
  model_cfg: z.looseObject({ vision_cfg: z.looseObject({ image_size: z.union([side, z.tuple([side, side])]).optional() }) }),
  preprocess_cfg: z
    .looseObject({
      size: z.union([side, z.tuple([side, side])]).nullish(),
      mode: z.string().nullish(),
      mean: colours,
      std: colours,
      interpolation,
      resize_mode: z.string().nullish(),
    })
    .default({}),
});

/** @throws LimnError CONFIG for a file that is not open_clip's, and for steps that limn does not do */
export function readOpenClipConfig(value: unknown, label: string): ImageSteps {
  const { model_cfg: model, preprocess_cfg: config } = parse(openClipSchema, value, label, "open_clip's config");
  const sides = config.size ?? model.vision_cfg.image_size ?? 224;
  const [height, size] = typeof sides === 'number' ? [sides, sides] : sides;
  const mode = config.resize_mode ?? 'shortest';
  if (height !== size) throw refused(label, `pictures that are not square ("image_size" [${sides}])`);
  if (config.mode && config.mode !== 'RGB') throw refused(label, `"mode" "${config.mode}"`);
  if (mode !== 'shortest' && mode !== 'squash') throw refused(label, `"resize_mode" "${mode}"`);
  return steps({
    size,
    scaled: size,
    fit: mode === 'squash' ? 'fill' : 'cover',
    interpolation: config.interpolation ?? 'bicubic',
    mean: config.mean ?? [0.48145466, 0.4578275, 0.40821073],
    std: config.std ?? [0.26862954, 0.26130258, 0.27577711],
  });
}

interface Transform {
  size: number;
  scaled: number;
  fit: 'cover' | 'fill';
  interpolation: keyof typeof interpolations;
  mean: number[];
  std: number[];
}

function steps({ size, scaled, fit, interpolation, mean, std }: Transform): ImageSteps {
  return {
    size,
    mean,
    std,
    resampling: interpolations[interpolation],
    fit,
    ...(scaled === size ? {} : { shorterSide: scaled }),
    cropRounding: 'even',
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, label: string, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LimnError('CONFIG', `${label} is not ${what} that limn can use: ${mistakeText(parsed.error)}.`);
}

const refused = (label: string, what: string) =>
  new LimnError('CONFIG', `${label} asks for an image preprocessing that limn does not support: ${what}.`, {
    details: { label },
  });
