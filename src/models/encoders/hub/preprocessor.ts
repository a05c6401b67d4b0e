/** The Hub's preprocessor_config.json as limn's picture settings. */
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import type { EncoderDescription } from '../image/description.js';

const side = z.number().int().positive();
const extent = z.union([side, z.object({ shortest_edge: side }), z.object({ height: side, width: side })]);
const colours = z.array(z.number()).length(3);

const schema = z.object({
  do_resize: z.boolean().default(true),
  size: extent,
  resample: z.number().int().optional(),
  do_center_crop: z.boolean().optional(),
  crop_size: extent.optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z.number().default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: colours.optional(),
  image_std: colours.optional(),
});

/** Pillow's numbers of its filters. */
const filters: Readonly<Record<number, EncoderDescription['resampling']>> = {
  1: 'pillow-lanczos',
  2: 'pillow-bilinear',
  3: 'pillow-bicubic',
};

export type PictureSteps = Pick<EncoderDescription, 'size' | 'mean' | 'deviation' | 'resampling' | 'fit' | 'shorterSide'>;

/**
 * @param label the file, for error messages
 * @throws LimnError CONFIG for steps that limn does not do
 */
export function readPreprocessor(value: unknown, label: string): PictureSteps {
  const refuse = (what: string) =>
    new LimnError('CONFIG', `${label} asks for what limn does not do to pictures: ${what}.`, { details: { label } });
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new LimnError('CONFIG', `${label} is not a picture preprocessor: "${issue?.path.join('.')}": ${issue?.message}.`);
  }
  const steps = parsed.data;
  const resampling = filters[steps.resample ?? 3];
  if (!steps.do_resize) throw refuse('no resizing');
  if (!resampling) throw refuse(`resample ${steps.resample}, which is none of ${Object.keys(filters).join(', ')}`);
  if (!steps.do_rescale || Math.abs(steps.rescale_factor - 1 / 255) > 1e-6) throw refuse('colours that are not from 0 to 1');
  const crops = steps.do_center_crop ?? steps.crop_size !== undefined;
  const scaled = extentOf(steps.size);
  const cropped = crops ? extentOf(steps.crop_size ?? steps.size) : scaled;
  if (scaled.width !== scaled.height || cropped.width !== cropped.height) throw refuse('pictures that are not square');
  const stretches = !scaled.shortest;
  if (!crops && !stretches) throw refuse('pictures of any width');
  if (crops && stretches && scaled.width !== cropped.width) throw refuse('stretching before cropping');
  if (cropped.width > scaled.width) throw refuse(`a crop of ${cropped.width} pixels from ${scaled.width}`);
  const [mean, deviation] = steps.do_normalize
    ? [steps.image_mean, steps.image_std]
    : [
        [0, 0, 0],
        [1, 1, 1],
      ];
  if (!mean || !deviation) throw refuse('normalising without image_mean and image_std');
  return {
    size: cropped.width,
    mean,
    deviation,
    resampling,
    fit: stretches ? 'fill' : 'cover',
    ...(stretches || scaled.width === cropped.width ? {} : { shorterSide: scaled.width }),
  };
}

function extentOf(value: z.output<typeof extent>): { width: number; height: number; shortest: boolean } {
  if (typeof value === 'number') return { width: value, height: value, shortest: true };
  if ('shortest_edge' in value) return { width: value.shortest_edge, height: value.shortest_edge, shortest: true };
  return { ...value, shortest: false };
}
