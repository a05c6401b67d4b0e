/**
 * The settings of transformers' image processors (preprocessor_config.json, processor_config.json) as limn's. What a file leaves out
 * is what its class does; what limn does not do is refused by the name of the setting, and never passed over.
 */
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { mistakeText } from '../../../core/schema.js';
import type { EncoderDescription } from '../image/description.js';
import { foreignSettings, type ProcessorClass, processorClass } from './processor-classes.js';

const side = z.number().int().positive();
const extent = z.union([
  side,
  z.array(side).length(2),
  // shortest_edge, or height and width; what else there is is refused by its name (extentOf).
  z.record(z.string(), z.unknown()),
]);
// How many there are matters only where they are used (colourSteps).
const colours = z.union([z.number(), z.array(z.number())]);

const schema = z.looseObject({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().optional(),
  size: extent.optional(),
  default_to_square: z.boolean().optional(),
  resample: z.number().int().optional(),
  do_center_crop: z.boolean().optional(),
  crop_size: extent.optional(),
  crop_pct: z.number().positive().max(1).optional(),
  do_rescale: z.boolean().optional(),
  rescale_factor: z.number().positive().optional(),
  rescale_offset: z.boolean().optional(),
  do_normalize: z.boolean().optional(),
  include_top: z.boolean().optional(),
  image_mean: colours.optional(),
  image_std: colours.optional(),
  do_flip_channel_order: z.boolean().optional(),
  ensure_multiple_of: side.optional(),
});
type Settings = z.output<typeof schema>;
/** What a file says, over what its class does. */
type Merged = Settings & { [Key in 'resizing' | 'models']?: ProcessorClass[Key] | undefined };

/** Settings that change nothing about the pixels of one picture. */
const withoutEffect =
  /^_|^(processor_class|image_processor|tokenizer_class|do_convert_rgb|do_reduce_labels|reduce_labels|data_format|input_data_format|use_fast|return_tensors|device|disable_grouping|return_image_mask|input_size_patches|total_mask_patches|mask_group_.*|codebook_.*|return_codebook_pixels|num_labels|id2label|label2id|model_input_names|transformers_version|pad_size)$/;

/** Pillow's numbers of its filters. */
const filters: readonly NonNullable<EncoderDescription['resampling']>[] = [
  'pillow-nearest',
  'pillow-lanczos',
  'pillow-bilinear',
  'pillow-bicubic',
  'pillow-box',
  'pillow-hamming',
];

/** Filters with negative weights: beside an edge they give more than white and less than black. */
const overshooting: readonly string[] = ['pillow-lanczos', 'pillow-bicubic'];

export type ImageSteps = Pick<EncoderDescription, 'size' | 'mean' | 'std' | 'resampling' | 'fit'> &
  Partial<Pick<EncoderDescription, 'shorterSide' | 'channelOrder' | 'cropRounding'>>;

/**
 * @param label the file, for error messages
 * @param modelType config.json's `model_type`, for settings that do not name their class
 * @throws LimnError CONFIG for steps that limn does not do
 */
export function readPreprocessor(value: unknown, label: string, modelType?: string): ImageSteps {
  const refuse = (what: string) =>
    new LimnError('CONFIG', `${label} asks for an image preprocessing that limn does not support: ${what}.`, {
      details: { label },
    });
  const parsed = schema.safeParse(nullsRead(value));
  if (!parsed.success) {
    throw new LimnError('CONFIG', `${label} is not a picture preprocessor: ${mistakeText(parsed.error)}.`);
  }
  const type = parsed.data.image_processor_type ?? parsed.data.feature_extractor_type;
  const { name, defaults } = processorClass(type, modelType);
  if (name !== undefined && !defaults) throw refuse(`image_processor_type "${name}", whose steps it does not know`);
  const foreign = foreignSettings(value, modelType);
  const given = Object.fromEntries(Object.entries(parsed.data).filter(([key]) => !foreign.includes(key))) as Settings;
  refuseUnknown(given, refuse);
  if (defaults === undefined && given.size === undefined) {
    throw new LimnError('CONFIG', `${label} is not a picture preprocessor: "size": there is none, and no image_processor_type.`);
  }
  const settings: Merged = { ...(defaults as Partial<Merged> | undefined), ...given };
  if (isNull(value, 'crop_pct')) delete settings.crop_pct;
  // A class that does not normalise has no use for the setting.
  if (defaults?.do_normalize === false) settings.do_normalize = false;
  if (settings.do_resize === false) throw refuse('no resizing ("do_resize": false)');
  // Some versions of the library fill these in by rules of their own, and others fail.
  const empty = ['resample', ...(settings.do_rescale === false ? [] : ['rescale_factor'])].find((key) => isNull(value, key));
  if (empty) throw refuse(`"${empty}": null`);
  if (defaults?.cropIsUnsettled && settings.do_center_crop)
    throw refuse('"do_center_crop", which only one of the two versions of its class does');
  const shape = geometry(settings, refuse);
  if (settings.resample === undefined) throw refuse('resizing without "resample", and no image_processor_type to know it by');
  const resampling = filters[settings.resample];
  if (!resampling) throw refuse(`"resample" ${settings.resample}, which is none of 0 to ${filters.length - 1}`);
  if (defaults?.rescalesFirst && overshooting.includes(resampling))
    throw refuse(`"resample" ${settings.resample} of colours that its class leaves beyond black and white`);
  return { ...shape, ...colourSteps(settings, refuse), resampling };
}

type Refuse = (what: string) => LimnError;

/** transformers takes null for "as the class does", but where it asks whether to do something: there it is no. */
function nullsRead(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const read = Object.entries(value).map(([key, part]) => [key, part === null && /^(do_|include_top$)/.test(key) ? false : part]);
  return Object.fromEntries(read.filter(([, part]) => part !== null && part !== undefined));
}

const isNull = (value: unknown, key: string) => (value as Record<string, unknown>)[key] === null;

function refuseUnknown(given: Settings, refuse: Refuse): void {
  if (given.keep_aspect_ratio) throw refuse('pictures of any width ("keep_aspect_ratio")');
  for (const [key, value] of Object.entries(given)) {
    if (key in schema.shape || withoutEffect.test(key) || value === false || key === 'keep_aspect_ratio') continue;
    throw refuse(`"${key}": ${JSON.stringify(value).slice(0, 60)}`);
  }
}

/** What is resized to what, and cropped. */
function geometry(settings: Merged, refuse: Refuse): Pick<ImageSteps, 'size' | 'fit' | 'shorterSide'> {
  const { resizing, crop_pct: cropPart, crop_size: cropSize } = settings;
  const size = settings.size as NonNullable<Settings['size']>;
  const crops = settings.do_center_crop ?? (settings.models === undefined && cropSize !== undefined);
  const square = settings.default_to_square ?? (settings.models ? true : !crops);
  const scaled = extentOf(size, square, 'size', refuse);
  if (scaled.width !== scaled.height) throw refuse('pictures that are not square ("size")');
  if (resizing === 'convnext') {
    if (!scaled.shortest) throw refuse('"size" without shortest_edge, which its class needs');
    if (cropPart === undefined && scaled.width < 384) throw refuse('"crop_pct": null');
    const cropped = crops && cropSize !== undefined ? extentOf(cropSize, true, 'crop_size', refuse).width : scaled.width;
    if (cropped !== scaled.width) throw refuse('a second crop ("do_center_crop")');
    if (scaled.width >= 384) return { size: scaled.width, fit: 'fill' };
    return steps(scaled.width, 'cover', Math.trunc(scaled.width / (cropPart as number)));
  }
  if (cropPart !== undefined && resizing !== 'poolformer') throw refuse('"crop_pct", and no image_processor_type that has it');
  if (resizing === 'levit' && scaled.shortest) scaled.width = Math.trunc((256 / 224) * scaled.width);
  const byPart = resizing === 'poolformer' && cropPart !== undefined;
  if (byPart) Object.assign(scaled, { width: Math.trunc(scaled.width / cropPart), shortest: true });
  const multiple = settings.ensure_multiple_of ?? 1;
  if (multiple !== 1) {
    if (scaled.shortest) throw refuse('"ensure_multiple_of" of pictures of any width');
    scaled.width = multiple * roundHalfEven(scaled.width / multiple);
  }
  if (!crops) {
    if (scaled.shortest) throw refuse('pictures of any width ("size" gives the shorter side, and "do_center_crop" is not set)');
    return { size: scaled.width, fit: 'fill' };
  }
  if (cropSize === undefined && settings.models !== undefined) throw refuse('"do_center_crop" without "crop_size"');
  const cropped = extentOf(cropSize ?? size, true, 'crop_size', refuse);
  if (cropped.width !== cropped.height) throw refuse('pictures that are not square ("crop_size")');
  return steps(cropped.width, scaled.shortest ? 'cover' : 'fill', scaled.width);
}

const steps = (size: number, fit: 'cover' | 'fill', scaled: number) =>
  ({ size, fit, ...(scaled === size ? {} : { shorterSide: scaled }) }) as const;

/** As Python rounds. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function extentOf(
  value: NonNullable<Settings['size']>,
  square: boolean,
  field: string,
  refuse: Refuse,
): { width: number; height: number; shortest: boolean } {
  if (typeof value === 'number') return { width: value, height: value, shortest: !square };
  if (Array.isArray(value)) return { height: value[0] as number, width: value[1] as number, shortest: false };
  const other = Object.entries(value).find(([key, part]) => part !== null && !/^(shortest_edge|height|width)$/.test(key));
  if (other) throw refuse(`"${field}.${other[0]}"`);
  const [edge, height, width] = ['shortest_edge', 'height', 'width'].map(
    (key) => side.safeParse((value as Record<string, unknown>)[key]).data,
  );
  if (edge !== undefined) return { width: edge, height: edge, shortest: true };
  if (height !== undefined && width !== undefined) return { width, height, shortest: false };
  throw refuse(`"${field}" ${JSON.stringify(value).slice(0, 60)}`);
}

/**
 * Everything that is done to a colour is one scale and one shift: value = (colour * 255 * factor - offset - mean) / deviation, and
 * once more over the deviation where a class says so.
 */
function colourSteps(settings: Settings, refuse: Refuse): Pick<ImageSteps, 'mean' | 'std' | 'channelOrder'> {
  const scale = settings.do_rescale === false ? 255 : 255 * (settings.rescale_factor ?? 1 / 255);
  const factor = Math.abs(scale - 1) < 1e-6 ? 1 : scale;
  const offset = settings.rescale_offset && settings.do_rescale !== false ? 1 : 0;
  const normalizes = settings.do_normalize ?? true;
  const three = (value: number | readonly number[] | undefined, field: string): number[] => {
    if (value === undefined) throw refuse(`normalising without image_mean and image_std ("${field}" is missing)`);
    if (typeof value === 'number') return [value, value, value];
    if (value.length !== 3) throw refuse(`"${field}" of ${value.length} colours, not of 3`);
    return [...value];
  };
  const mean = normalizes ? three(settings.image_mean, 'image_mean') : [0, 0, 0];
  const once = normalizes ? three(settings.image_std, 'image_std') : [1, 1, 1];
  const twice = settings.include_top ? three(settings.image_std, 'image_std') : [1, 1, 1];
  if ([...once, ...twice].some((value) => value <= 0)) throw refuse('"image_std" that is not above 0');
  const result = {
    mean: mean.map((value) => (value + offset) / factor),
    std: once.map((value, channel) => (value * (twice[channel] as number)) / factor),
  };
  if (result.mean.some((value) => value < 0 || value > 1) || result.std.some((value) => value > 1)) {
    const range = `"rescale_factor" ${settings.rescale_factor ?? 1 / 255}, "image_mean" [${mean}], "image_std" [${once}]`;
    throw refuse(`colours that are not from 0 to 1 before they are normalised (${range})`);
  }
  return { ...result, ...(settings.do_flip_channel_order ? { channelOrder: 'BGR' } : {}) };
}
